import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeMessage } from '../../../src/protocol/dhcp/decode.ts';
import { encodeMessage, maximumReplySize } from '../../../src/protocol/dhcp/encode.ts';
import type { DhcpMessage } from '../../../src/protocol/dhcp/message.ts';
import { ipv4FromNumber, parseIpv4, UNSPECIFIED_ADDRESS } from '../../../src/protocol/ipv4-address.ts';
import { GOLDEN_PACKETS, goldenBytes, hexBytes } from './golden-packets.ts';

function reply(options: Record<number, string>, fields: Partial<DhcpMessage> = {}): DhcpMessage {
  return {
    op: 2,
    htype: 1,
    hlen: 6,
    hops: 0,
    xid: 0x1a2b3c4d,
    secs: 0,
    flags: 0x8000,
    ciaddr: UNSPECIFIED_ADDRESS,
    yiaddr: parseIpv4('10.20.0.50')!,
    siaddr: parseIpv4('10.20.0.1')!,
    giaddr: UNSPECIFIED_ADDRESS,
    chaddr: hexBytes('525400aabb01'),
    sname: '10.20.0.1',
    file: 'snponly.efi',
    options: new Map(Object.entries(options).map(([code, hex]) => [Number(code), hexBytes(hex)])),
    ...fields,
  };
}

/** The codes in wire order, without padding. */
function codesOnWire(bytes: Uint8Array, start = 240, end = bytes.length): number[] {
  const codes: number[] = [];
  for (let offset = start; offset < end && bytes[offset] !== 255;) {
    codes.push(bytes[offset]!);
    offset += 2 + bytes[offset + 1]!;
  }
  return codes;
}

describe('layout', () => {
  test('a whole reply, byte for byte', () => {
    const { bytes } = encodeMessage(reply({ 53: '02', 54: '0a140001', 67: '61', 60: '62' }));
    const hex = Buffer.from(bytes).toString('hex');
    expect(bytes.length).toBe(300);
    expect(hex.slice(0, 88)).toBe(
      '02010600 1a2b3c4d 0000 8000 00000000 0a140032 0a140001 00000000 525400aabb01 00000000000000000000'.replace(
        / /g,
        '',
      ),
    );
    expect(hex.slice(88, 216)).toBe(Buffer.from('10.20.0.1').toString('hex').padEnd(128, '0'));
    expect(hex.slice(216, 472)).toBe(Buffer.from('snponly.efi').toString('hex').padEnd(256, '0'));
    expect(hex.slice(472)).toBe(
      '63825363 350102 36040a140001 3c0162 430161 ff'.replace(/ /g, '').padEnd(128, '0'),
    );
  });

  test('options with a fixed place come first and last, the others in the order of the request', () => {
    const options = Object.fromEntries(
      [82, 67, 66, 175, 43, 61, 97, 60, 15, 12, 42, 28, 6, 3, 1, 59, 58, 51, 54, 53].map((code) => [
        code,
        '01',
      ]),
    );
    const { bytes } = encodeMessage(reply(options), { requested: hexBytes('00 ff 2a 0f 35 34 eb 2a 0f') });
    expect(codesOnWire(bytes)).toEqual([
      ...[53, 54, 51, 58, 59, 1, 3, 6],
      ...[42, 15, 12, 28],
      ...[60, 97, 61, 43, 175, 66, 67, 82],
    ]);
  });

  test('a value over 255 bytes is split, and decodes to one value', () => {
    const long = 'ab'.repeat(600);
    const { bytes } = encodeMessage(reply({ 53: '02', 43: long }));
    expect(codesOnWire(bytes)).toEqual([53, 43, 43, 43]);
    expect(Buffer.from(decodeMessage(Uint8Array.from(bytes)).options.get(43)!).toString('hex')).toBe(long);
  });

  test('text that leaves no space for its NUL is refused', () => {
    expect(() => encodeMessage(reply({}, { file: 'f'.repeat(128) }))).toThrow(
      /file has 128 bytes; at most 127 fit/,
    );
    expect(() => encodeMessage(reply({}, { sname: 's'.repeat(64) }))).toThrow(/sname/);
    expect(encodeMessage(reply({}, { file: 'f'.repeat(127) })).bytes[108 + 127]).toBe(0);
    expect(() => encodeMessage(reply({}, { chaddr: new Uint8Array(17) }))).toThrow(/chaddr/);
  });
});

describe('size', () => {
  test.each<[option57: string | undefined, size: number]>([
    [undefined, 548],
    ['0000', 548],
    ['0001', 548],
    ['012c', 548],
    ['023f', 548],
    ['0240', 548],
    ['0300', 740],
    ['05c0', 1444],
    ['05dc', 1472],
    ['ff00', 1472],
    ['ffff', 1472],
    ['05', 548],
  ])('with option 57 of %j a reply may have %d bytes', (value, size) => {
    const options = new Map(value === undefined ? [] : [[57, hexBytes(value)]]);
    expect(maximumReplySize(options)).toBe(size);
  });

  const big = { 53: '02', 54: '0a140001', 12: '61'.repeat(100), 15: '62'.repeat(100), 67: '63'.repeat(20) };

  test('options that were not requested are dropped first', () => {
    const { bytes, dropped } = encodeMessage(reply({ ...big, 82: '01'.repeat(80) }), {
      maxSize: 548,
      requested: hexBytes('0f'),
    });
    expect(dropped).toEqual([12]);
    expect(codesOnWire(bytes)).toEqual([53, 54, 15, 67, 82]);
  });

  test('boot data in file and sname is kept, so requested options are dropped after the others', () => {
    const { bytes, dropped } = encodeMessage(reply({ ...big, 82: '01'.repeat(120) }), {
      maxSize: 548,
      requested: hexBytes('0f0c'),
    });
    expect(dropped).toEqual([12]);
    expect(bytes.length).toBeLessThanOrEqual(548);
    expect(codesOnWire(bytes).at(-1)).toBe(82);
  });

  test('empty file and sname are filled with options before a requested option is dropped', () => {
    const message = reply({ ...big, 119: '64'.repeat(50), 82: '01'.repeat(160) }, { file: '', sname: '' });
    const { bytes, dropped } = encodeMessage(message, { maxSize: 548, requested: hexBytes('0f0c77') });
    expect(dropped).toEqual([]);
    expect(codesOnWire(bytes)).toEqual([53, 54, 52, 15, 67, 82]);
    expect(codesOnWire(bytes, 108, 236)).toEqual([12]);
    expect(codesOnWire(bytes, 44, 108)).toEqual([119]);
    expect(decodeMessage(Uint8Array.from(bytes)).options).toEqual(
      new Map([...message.options].map(([c, v]) => [c, Uint8Array.from(v)])),
    );
  });

  test('option 82 is dropped last', () => {
    const { bytes, dropped } = encodeMessage(
      reply({ ...big, 82: '01'.repeat(255) }, { file: 'x', sname: 'x' }),
      {
        maxSize: 548,
        requested: hexBytes('0f0c'),
      },
    );
    expect(dropped).toEqual([12, 15]);
    expect(codesOnWire(bytes)).toEqual([53, 54, 67, 82]);
  });
});

describe('a reply that is larger than the client accepts', () => {
  const lease = { 53: '05', 54: '0a140001', 51: '00000e10', 1: 'ffffff00', 3: '0a1400fe' };

  test('keeps mask, router and lease time in the options field, even if file and sname have space', () => {
    const full = {
      ...lease,
      6: '0a140002'.repeat(20),
      15: '62'.repeat(60),
      43: '07'.repeat(120),
      82: '01'.repeat(90),
    };
    const { bytes, dropped } = encodeMessage(reply(full, { file: '', sname: '' }), {
      maxSize: 548,
      requested: hexBytes('0103060f2b'),
    });
    expect(dropped).toEqual([]);
    const main = codesOnWire(bytes);
    expect([53, 54, 51, 1, 3, 82].filter((code) => !main.includes(code))).toEqual([]);
    expect([...codesOnWire(bytes, 44, 108), ...codesOnWire(bytes, 108, 236)]).toEqual([15, 6]);
  });

  test('options dropped before a large one are added again if dropping the large one suffices', () => {
    const options = {
      ...lease,
      121: '18'.repeat(300),
      12: '61'.repeat(10),
      42: '0a140003',
      249: '18'.repeat(100),
    };
    const { bytes, dropped } = encodeMessage(reply(options), { maxSize: 548 });
    expect(dropped).toEqual([121]);
    expect(codesOnWire(bytes)).toEqual([53, 54, 51, 1, 3, 12, 42, 249]);
  });

  test('for BOOTP, no option moves into file and sname', () => {
    const options = {
      1: 'ffffff00',
      3: '0a1400fe',
      6: '0a140002',
      15: '62'.repeat(60),
      121: '18'.repeat(200),
    };
    const { bytes, dropped } = encodeMessage(reply(options, { file: '', sname: '' }), {
      maxSize: 300,
      overload: false,
    });
    expect(bytes.length).toBe(300);
    expect([...dropped].sort()).toEqual([121, 15]);
    expect(codesOnWire(bytes)).toEqual([1, 3, 6]);
  });
});

test('a reply to BOOTP without a cookie has a header and a vendor area of zeros', () => {
  const { bytes } = encodeMessage({ ...reply({ 1: 'ffffff00' }), withoutCookie: true });
  expect(bytes.length).toBe(300);
  expect([...bytes.subarray(236)].every((byte) => byte === 0)).toBe(true);
  expect(decodeMessage(Uint8Array.from(bytes))).toMatchObject({ file: 'snponly.efi', withoutCookie: true });
});

const arbitraryMessage = fc.record({
  op: fc.constantFrom(1, 2),
  htype: fc.constant(1),
  hlen: fc.constant(6),
  hops: fc.nat(255),
  xid: fc.nat(0xffff_ffff),
  secs: fc.nat(0xffff),
  flags: fc.nat(0xffff),
  ciaddr: fc.nat(0xffff_ffff).map(ipv4FromNumber),
  yiaddr: fc.nat(0xffff_ffff).map(ipv4FromNumber),
  siaddr: fc.nat(0xffff_ffff).map(ipv4FromNumber),
  giaddr: fc.nat(0xffff_ffff).map(ipv4FromNumber),
  chaddr: fc.uint8Array({ minLength: 6, maxLength: 6 }),
  sname: fc.oneof(
    fc.constant(''),
    fc.string({ maxLength: 63, unit: fc.integer({ min: 1, max: 255 }).map((c) => String.fromCharCode(c)) }),
  ),
  file: fc.oneof(
    fc.constant(''),
    fc.string({ maxLength: 127, unit: fc.integer({ min: 1, max: 255 }).map((c) => String.fromCharCode(c)) }),
  ),
  options: fc
    .uniqueArray(
      fc.tuple(
        fc.integer({ min: 1, max: 254 }).filter((code) => code !== 52 && code !== 53),
        fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ maxLength: 700 })),
      ),
      { selector: ([code]) => code, maxLength: 20 },
    )
    .map((entries) => new Map<number, Uint8Array>([[53, Uint8Array.of(2)], ...entries])),
});

test('an encoded message decodes to the same values', () => {
  fc.assert(
    fc.property(arbitraryMessage, (message) => {
      const { bytes, dropped } = encodeMessage(message, { maxSize: 65_507 });
      expect(dropped).toEqual([]);
      expect(decodeMessage(Uint8Array.from(bytes))).toEqual(message);
    }),
    { numRuns: 500 },
  );
});

test('every message fits, and its options are right', () => {
  fc.assert(
    fc.property(
      arbitraryMessage,
      fc.integer({ min: 548, max: 1472 }),
      fc.uint8Array(),
      (message, maxSize, requested) => {
        const { bytes, dropped } = encodeMessage(message, { maxSize, requested });
        expect(bytes.length).toBeLessThanOrEqual(maxSize);
        const expected = new Map([...message.options].filter(([code]) => !dropped.includes(code)));
        expect(decodeMessage(Uint8Array.from(bytes))).toEqual({ ...message, options: expected });
      },
    ),
    { numRuns: 500 },
  );
});

test('a captured packet survives a round trip', () => {
  for (const golden of Object.values(GOLDEN_PACKETS)) {
    const message = decodeMessage(goldenBytes(golden));
    expect(decodeMessage(Uint8Array.from(encodeMessage(message).bytes))).toEqual(message);
  }
});
