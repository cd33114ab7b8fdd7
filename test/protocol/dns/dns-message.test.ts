import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeDnsMessage,
  type DnsMessage,
  encodeDnsMessage,
  responseCodeName,
} from '../../../src/protocol/dns/dns-message.ts';
import {
  childName,
  encodeDnsName,
  isWithinZone,
  parseDnsName,
  parseHostLabel,
  readDnsName,
  reverseNameOf,
} from '../../../src/protocol/dns/dns-name.ts';
import { parseIpv4 } from '../../../src/protocol/ipv4-address.ts';
import { MalformedMessage } from '../../../src/protocol/malformed-message.ts';
import { NSUPDATE_REQUEST } from './golden-updates.ts';

describe('names', () => {
  test.each([
    ['Web1.Example.COM', 'web1.example.com'],
    ['web1.example.com.', 'web1.example.com'],
    ['_tcp.example.com', '_tcp.example.com'],
    ['.', ''],
  ])('%s is read as %j', (text, name) => {
    expect(parseDnsName(text)).toBe(name);
  });

  test.each([
    ['nothing', ''],
    ['an empty label', 'a..b'],
    ['two final dots', 'a..'],
    ['a blank', 'a b'],
    ['a label of 64 bytes', 'a'.repeat(64)],
    ['255 bytes and more on the wire', `${'a'.repeat(63)}.`.repeat(4)],
    ['a letter that is not ASCII', 'wéb'],
  ])('%s is not a name', (_, text) => {
    expect(parseDnsName(text)).toBeUndefined();
  });

  test.each([
    ['web-1', 'web-1'],
    ['WEB1', 'web1'],
    ['-web', undefined],
    ['web-', undefined],
    ['web_1', undefined],
    ['', undefined],
    ['a'.repeat(63), 'a'.repeat(63)],
    ['a'.repeat(64), undefined],
  ])('the host label %j is %j', (text, label) => {
    expect(parseHostLabel(text)).toBe(label);
  });

  test('a zone contains itself and the names below it, and no name that merely ends with the same letters', () => {
    const zone = parseDnsName('example.com')!;
    expect(isWithinZone(parseDnsName('example.com')!, zone)).toBe(true);
    expect(isWithinZone(parseDnsName('a.b.example.com')!, zone)).toBe(true);
    expect(isWithinZone(parseDnsName('badexample.com')!, zone)).toBe(false);
    expect(isWithinZone(zone, parseDnsName('.')!)).toBe(true);
  });

  test('the reverse name of an address', () => {
    expect(reverseNameOf(parseIpv4('10.0.1.20')!)).toBe('20.1.0.10.in-addr.arpa');
  });

  test('a name that would be too long with another label is undefined', () => {
    const parent = parseDnsName(`${'a'.repeat(63)}.`.repeat(3) + 'b'.repeat(50))!;
    expect(childName('web1', parent)).toBe(`web1.${parent}`);
    expect(childName('c'.repeat(40), parent)).toBeUndefined();
  });

  const label = fc.uint8Array({ minLength: 1, maxLength: 20 });
  test('any bytes are the same after reading and writing, except for the case of letters', () => {
    fc.assert(
      fc.property(fc.array(label, { maxLength: 8 }), (labels) => {
        const lower = labels.map((one) => one.map((byte) => (byte >= 65 && byte <= 90 ? byte + 32 : byte)));
        const wire = (parts: Uint8Array[]): Uint8Array =>
          Uint8Array.from([...parts.flatMap((one) => [one.length, ...one]), 0]);
        const { end, name } = readDnsName(wire(labels), 0);
        expect(end).toBe(wire(labels).length);
        expect(encodeDnsName(name)).toEqual(wire(lower));
      }),
    );
  });

  test('a pointer to itself or to a later name is refused', () => {
    expect(() => readDnsName(Uint8Array.of(0xc0, 0x00), 0)).toThrow(MalformedMessage);
    expect(() => readDnsName(Uint8Array.of(0xc0, 0x02, 0x00), 0)).toThrow(MalformedMessage);
  });
});

describe('messages', () => {
  test('an UPDATE of nsupdate, with its compressed names', () => {
    const { additionals, answers, authorities, questions, ...header } = decodeDnsMessage(NSUPDATE_REQUEST);
    expect(header).toMatchObject({ id: 0x575e, opcode: 5, response: false, rcode: 0, truncated: false });
    expect(questions).toEqual([{ name: 'rack1.example.com', type: 6, class: 1 }]);
    expect(answers).toMatchObject([{ name: 'web1.rack1.example.com', type: 255, class: 254, ttl: 0 }]);
    expect(authorities).toMatchObject([
      { name: 'web1.rack1.example.com', type: 1, class: 1, ttl: 1200 },
      { name: 'web1.rack1.example.com', type: 49, class: 1, ttl: 1200 },
    ]);
    expect(authorities[0]?.rdata).toEqual(Uint8Array.of(10, 0, 1, 20));
    expect(additionals).toMatchObject([{ name: 'railhead', type: 250, class: 255, ttl: 0 }]);
  });

  const name = fc
    .array(fc.stringMatching(/^[a-z0-9_-]{1,20}$/), { maxLength: 5 })
    .map((labels) => (labels.length === 0 ? parseDnsName('.')! : parseDnsName(labels.join('.'))!));
  const uint16 = fc.integer({ min: 0, max: 0xffff });
  const record = fc.record({
    name,
    type: uint16,
    class: uint16,
    ttl: fc.integer({ min: 0, max: 0xffff_ffff }),
    rdata: fc.uint8Array({ maxLength: 40 }),
  });
  const section = fc.array(record, { maxLength: 4 });
  const message: fc.Arbitrary<DnsMessage> = fc.record({
    id: uint16,
    response: fc.boolean(),
    opcode: fc.integer({ min: 0, max: 15 }),
    truncated: fc.boolean(),
    rcode: fc.integer({ min: 0, max: 15 }),
    questions: fc.array(fc.record({ name, type: uint16, class: uint16 }), { maxLength: 3 }),
    answers: section,
    authorities: section,
    additionals: section,
  });

  test('a written message is read unchanged', () => {
    fc.assert(
      fc.property(message, (one) => {
        expect(decodeDnsMessage(encodeDnsMessage(one))).toMatchObject(one);
      }),
    );
  });

  test('a truncated message is malformed', () => {
    for (let size = 0; size < NSUPDATE_REQUEST.length; size++) {
      expect(() => decodeDnsMessage(NSUPDATE_REQUEST.subarray(0, size))).toThrow(MalformedMessage);
    }
  });

  test('any bytes are read as a message or malformed', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          decodeDnsMessage(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedMessage);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('response codes by name', () => {
    expect([0, 6, 8, 9, 10, 23].map(responseCodeName)).toEqual([
      'NOERROR',
      'YXDOMAIN',
      'NXRRSET',
      'NOTAUTH',
      'NOTZONE',
      'RCODE23',
    ]);
  });
});
