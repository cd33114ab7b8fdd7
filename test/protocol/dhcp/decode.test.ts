import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeMessage, decodeRequest } from '../../../src/protocol/dhcp/decode.ts';
import { messageTypeOf } from '../../../src/protocol/dhcp/message.ts';
import { readText, readUint16 } from '../../../src/protocol/dhcp/read-option.ts';
import { MalformedMessage } from '../../../src/protocol/malformed-message.ts';
import { GOLDEN_PACKETS, goldenBytes, hexBytes } from './golden-packets.ts';

/** A request with the given options, and header bytes overwritten by offset. */
function packet(options: string | Uint8Array, header: Record<number, string> = {}): Uint8Array {
  const tail = typeof options === 'string' ? hexBytes(options) : options;
  const bytes = new Uint8Array(240 + tail.length);
  bytes.set(hexBytes('01010600 1a2b3c4d'), 0);
  bytes.set(hexBytes('525400aabb01'), 28);
  bytes.set(hexBytes('63825363'), 236);
  for (const [offset, hex] of Object.entries(header)) bytes.set(hexBytes(hex), Number(offset));
  bytes.set(tail, 240);
  return bytes;
}

function refusal(bytes: Uint8Array): string {
  try {
    decodeRequest(bytes);
  } catch (error) {
    if (error instanceof MalformedMessage) return error.code;
    throw error;
  }
  return 'accepted';
}

const codesOf = (bytes: Uint8Array): number[] => [...decodeRequest(bytes).options.keys()];
const hexOf = (value: Uint8Array | undefined): string | undefined =>
  value && Buffer.from(value).toString('hex');

describe('packets of real firmware', () => {
  test.each(Object.values(GOLDEN_PACKETS).map((golden) => [golden.name, golden] as const))(
    '%s decodes',
    (_name, golden) => {
      const bytes = goldenBytes(golden);
      expect(bytes.length).toBe(golden.size);
      const message = decodeRequest(bytes);
      expect({
        ...message,
        chaddr: hexOf(message.chaddr),
        options: Object.fromEntries([...message.options].map(([code, value]) => [code, hexOf(value)])),
      }).toMatchSnapshot();
    },
  );

  test.each(Object.values(GOLDEN_PACKETS).map((golden) => [golden.name, golden] as const))(
    '%s, truncated at every length, is refused or loses options',
    (_name, golden) => {
      const bytes = goldenBytes(golden);
      const whole = decodeRequest(bytes);
      for (let length = 0; length < bytes.length; length++) {
        try {
          const message = decodeRequest(bytes.subarray(0, length));
          for (const [code, value] of message.options) expect(value).toEqual(whole.options.get(code));
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedMessage);
        }
      }
    },
  );
});

describe('refused messages', () => {
  const fill = (length: number): Uint8Array => new Uint8Array(length);
  test.each<[name: string, bytes: Uint8Array, code: string]>([
    ['empty datagram', fill(0), 'short'],
    ['one byte', fill(1), 'short'],
    ['239 bytes', packet('').subarray(0, 239), 'short'],
    ['65,507 zeros', fill(65_507), 'op'],
    ['65,507 zeros after op 1', Object.assign(fill(65_507), { 0: 1 }), 'hardware'],
    ['bad cookie', packet('350101ff', { 236: '63825364' }), 'cookie'],
    ['reply on a server port', packet('350102ff', { 0: '02' }), 'op'],
    ['op 0', packet('350101ff', { 0: '00' }), 'op'],
    ['Ethernet with hlen 0', packet('350101ff', { 2: '00' }), 'hardware'],
    ['Ethernet with hlen 17', packet('350101ff', { 2: '11' }), 'hardware'],
    ['Ethernet with hlen 16', packet('350101ff', { 2: '10' }), 'hardware'],
    ['hlen 255', packet('350101ff', { 1: '06ff' }), 'hardware'],
    ['htype 0', packet('350101ff', { 1: '00' }), 'hardware'],
    ['htype 255', packet('350101ff', { 1: 'ff' }), 'hardware'],
    ['other hardware without address', packet('350101ff', { 1: '0600' }), 'hardware'],
    ['InfiniBand without client identifier', packet('350101ff', { 1: '2000' }), 'hardware'],
    ['chaddr zero', packet('350101ff', { 28: '000000000000' }), 'chaddr'],
    ['chaddr broadcast', packet('350101ff', { 28: 'ffffffffffff' }), 'chaddr'],
    ['chaddr multicast', packet('350101ff', { 28: '01005e000001' }), 'chaddr'],
    ['length past the end', packet('350101 0c05 6162'), 'option_length'],
    ['a code as the very last byte', packet('350101 0c'), 'option_length'],
    [
      'length past the end of an overloaded field',
      packet('350101 340101 ff', { 234: '0c05' }),
      'option_length',
    ],
    [
      'a code as the last byte of an overloaded field',
      packet('350101 340101 ff', { 235: '0c' }),
      'option_length',
    ],
    ['10 kB of option 43', packet(`350101${`2bff${'aa'.repeat(255)}`.repeat(40)}ff`), 'option_size'],
    ['more options than the limit', packet(`350101${'0c00'.repeat(1100)}ff`), 'options'],
    ['type 0', packet('350100ff'), 'message_type'],
    ['type 19', packet('350113ff'), 'message_type'],
    ['type 255', packet('3501ffff'), 'message_type'],
    ['type without a value', packet('3500ff'), 'message_type'],
    ['type of two bytes', packet('35020101ff'), 'message_type'],
    ['hops 17', packet('350101ff', { 3: '11' }), 'hops'],
    ['hops 255', packet('350101ff', { 3: 'ff' }), 'hops'],
    ['hops 16', packet('350101ff', { 3: '10' }), 'accepted'],
    ['a cookie of CMU', packet('', { 236: '434d5500' }), 'accepted'],
    ['no cookie, as in RFC 951', packet('', { 236: '00000000' }), 'accepted'],
    [
      'InfiniBand with hlen 16 and a client identifier',
      packet('350101 3d0401020304 ff', { 1: '2010' }),
      'accepted',
    ],
    [
      'InfiniBand with a hardware address of zeros',
      packet('350101 3d0401020304 ff', { 1: '2008', 28: '0000000000000000' }),
      'accepted',
    ],
    ['InfiniBand with hlen 8 and no client identifier', packet('350101ff', { 1: '2008' }), 'accepted'],
    [
      'InfiniBand of zeros and no client identifier',
      packet('350101ff', { 1: '2006', 28: '000000000000' }),
      'chaddr',
    ],
    [
      'InfiniBand with hlen 20, which chaddr cannot hold, and a client identifier',
      packet('350101 3d0401020304 ff', { 1: '2014' }),
      'accepted',
    ],
    [
      'FireWire, which has no hardware address, with a client identifier',
      packet('350101 3d0401020304 ff', { 1: '1800' }),
      'accepted',
    ],
    ['FireWire without a client identifier', packet('350101ff', { 1: '1800' }), 'hardware'],
    [
      'another network without a hardware address',
      packet('350101 3d0401020304 ff', { 1: '0600' }),
      'hardware',
    ],
    ['InfiniBand with a client identifier', packet('350101 3d0401020304 ff', { 1: '2000' }), 'accepted'],
  ])('%s', (_name, bytes, code) => {
    expect(refusal(bytes)).toBe(code);
  });
});

describe('accepted messages', () => {
  test.each<[name: string, bytes: Uint8Array, codes: number[]]>([
    ['no END', packet('350101 0c0161'), [53, 12]],
    ['END at once, BOOTP', packet('ff 350101'), []],
    ['bytes after END', packet('350101 ff 0c05'), [53]],
    ['1,000 PADs between options', packet(`350101${'00'.repeat(1000)}0c0161ff`), [53, 12]],
    ['a PAD has no length', packet('350101 00 0c0161 ff'), [53, 12]],
    ['empty list of requested options', packet('350101 3700 ff'), [53, 55]],
    ['list of 255 codes', packet(`350101 37ff${'00ffeb343536'.repeat(42)}010203 ff`), [53, 55]],
    ['unknown codes stay bytes', packet('350101 e0021234 ff'), [53, 224]],
  ])('%s', (_name, bytes, codes) => {
    expect(codesOf(bytes)).toEqual(codes);
  });

  test.each<[name: string, bytes: Uint8Array, code: number, value: string | undefined]>([
    ['two message types: the first is used', packet('350101 350103 ff'), 53, '01'],
    [
      'two server identifiers: the first is used',
      packet('350101 36040a000001 36040a000002 ff'),
      54,
      '0a000001',
    ],
    ['a server identifier in two pieces is joined', packet('350101 36020a00 36020001 ff'), 54, '0a000001'],
    [
      'two requested addresses: the first is used',
      packet('350103 32040a000001 32040a000002 ff'),
      50,
      '0a000001',
    ],
    ['two maximum sizes: the first is used', packet('350101 390205c0 39020240 ff'), 57, '05c0'],
    ['split client identifier', packet('350101 3d0301aabb 3d02ccdd ff'), 61, '01aabbccdd'],
    ['split user class', packet('350101 4d026950 0c0161 4d025845 ff'), 77, '69505845'],
    ['options in file', packet('350101 340101 ff', { 108: '0c0161ff' }), 12, '61'],
    ['options in sname', packet('350101 340102 ff', { 44: '0c0161ff' }), 12, '61'],
    [
      'options in file come before those in sname',
      packet('350101 340103 ff', { 44: '0c0162ff', 108: '0c0161ff' }),
      12,
      '6162',
    ],
    [
      'options of the options field come first',
      packet('350101 0c0160 340103 ff', { 44: '0c0162ff', 108: '0c0161ff' }),
      12,
      '606162',
    ],
    ['option 52 itself is removed', packet('350101 340103 ff'), 52, undefined],
    [
      'nested overload is ignored',
      packet('350101 340101 ff', { 44: '0c0162', 108: '340102ff' }),
      12,
      undefined,
    ],
    ['overload 0', packet('350101 340100 ff', { 108: '0c0161ff' }), 12, undefined],
    ['overload 4', packet('350101 340104 ff', { 108: '0c0161ff' }), 12, undefined],
    ['overload 255', packet('350101 3401ff ff', { 108: '0c0161ff' }), 12, undefined],
    ['overload of two bytes', packet('350101 34020101 ff', { 108: '0c0161ff' }), 12, undefined],
    ['overload twice', packet('350101 340101 340101 ff', { 108: '0c0161ff' }), 12, undefined],
  ])('%s', (_name, bytes, code, value) => {
    expect(hexOf(decodeRequest(bytes).options.get(code))).toBe(value);
  });

  test('a field is decoded as text only if it carries no options', () => {
    expect(decodeRequest(packet('350101 340101 ff', { 108: '0c0161ff' })).file).toBe('');
    expect(decodeRequest(packet('350101 ff', { 108: '612f6200ff' })).file).toBe('a/b');
    expect(decodeRequest(packet('350101 ff', { 44: '61'.repeat(64) })).sname).toBe('a'.repeat(64));
  });

  test('a value of the wrong length counts as absent, and trailing NULs are removed from text', () => {
    const { options } = decodeRequest(packet('350101 390105 3c0d505845436c69656e7400000000 ff'));
    expect(readUint16(options, 57)).toBeUndefined();
    expect(readText(options, 60)).toBe('PXEClient');
  });

  test('decodeMessage reads requests and replies', () => {
    expect(messageTypeOf(decodeMessage(packet('350102ff', { 0: '02' })))).toBe(2);
  });
});

test('any bytes are decoded or refused with MalformedMessage, quickly', () => {
  const golden = Object.values(GOLDEN_PACKETS).map(goldenBytes);
  const arbitraryDatagram = fc.oneof(
    fc.uint8Array({ maxLength: 1500 }),
    fc.uint8Array({ maxLength: 1200 }).map((options) => packet(options)),
    // A real packet with a few bytes overwritten, and possibly truncated.
    fc
      .tuple(
        fc.constantFrom(...golden),
        fc.array(fc.tuple(fc.nat(420), fc.nat(255)), { maxLength: 8 }),
        fc.nat(420),
      )
      .map(([bytes, changes, length]) => {
        const copy = Uint8Array.from(bytes);
        for (const [offset, value] of changes) if (offset < copy.length) copy[offset] = value;
        return copy.subarray(0, length);
      }),
  );
  fc.assert(
    fc.property(arbitraryDatagram, (bytes) => {
      expect(refusal(bytes)).toBeTypeOf('string');
    }),
    { numRuns: 2000 },
  );
});
