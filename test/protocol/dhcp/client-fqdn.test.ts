import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeFqdnAnswer, readClientFqdn } from '../../../src/protocol/dhcp/client-fqdn.ts';
import { parseDnsName } from '../../../src/protocol/dns/dns-name.ts';

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
const hex = (value: Uint8Array): string => Buffer.from(value).toString('hex');

// Flags, two codes of zeros, and the name.
const IN_WIRE_FORMAT = bytes('05 00 00 04 77656231 03 6c6162 00'); // E S, web1.lab.
const ONE_LABEL = bytes('04 00 00 04 77656231'); // E, web1 without a domain
const IN_ASCII = bytes('01 00 00 776562312e6c6162'); // S, "web1.lab"
const NO_UPDATES = bytes('0c 00 00 04 77656231 00'); // N E

describe('reading', () => {
  test.each([
    ['a full name in wire format', IN_WIRE_FORMAT, 'web1.lab', true, false],
    ['a single label', ONE_LABEL, 'web1', false, false],
    ['text, as old clients send it', IN_ASCII, 'web1.lab', true, false],
    ['a request for no updates', NO_UPDATES, 'web1', false, true],
    ['no name: the server chooses', bytes('05 00 00'), '', true, false],
  ])('%s', (_, option, name, serverUpdates, noUpdates) => {
    expect(readClientFqdn(option)).toMatchObject({ name, serverUpdates, noUpdates });
  });

  test.each([
    ['two bytes', '05 00'],
    ['a label that is cut off', '05 00 00 09 77656231'],
    ['a compression pointer', '05 00 00 c0 0c'],
  ])('%s: nothing', (_, option) => {
    expect(readClientFqdn(bytes(option))).toBeUndefined();
  });

  test('N and S together, which is invalid, counts as N', () => {
    expect(readClientFqdn(bytes('0d 00 00 04 77656231 00'))).toMatchObject({
      serverUpdates: false,
      noUpdates: true,
    });
  });

  test('any bytes are read as an option or as undefined', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (option) => {
        readClientFqdn(option);
      }),
    );
  });
});

describe('answering', () => {
  const name = parseDnsName('web1.rack1.example.com')!;
  const wire = '0477656231057261636b31076578616d706c6503636f6d00';
  const answer = (option: Uint8Array, serverUpdates: boolean, noUpdates = false): string =>
    hex(encodeFqdnAnswer(readClientFqdn(option)!, { serverUpdates, noUpdates, name }));

  test('the server updates, as the client requested: S', () => {
    expect(answer(IN_WIRE_FORMAT, true)).toBe(`05ffff${wire}`);
  });
  test('the server does not update, although the client requested it: O', () => {
    expect(answer(IN_WIRE_FORMAT, false)).toBe(`06ffff${wire}`);
  });
  test('the server updates, although the client requested otherwise: O and S', () => {
    expect(answer(NO_UPDATES, true)).toBe(`07ffff${wire}`);
  });
  test('nothing is updated, as the client requested: N', () => {
    expect(answer(NO_UPDATES, false, true)).toBe(`0cffff${wire}`);
  });
  test('a client that sends text gets text', () => {
    expect(answer(IN_ASCII, true)).toBe(`01ffff${hex(Buffer.from('web1.rack1.example.com'))}`);
  });
  test("without a name of ours the client's name is echoed", () => {
    const client = readClientFqdn(ONE_LABEL)!;
    expect(hex(encodeFqdnAnswer(client, { serverUpdates: false, noUpdates: true }))).toBe('0cffff0477656231');
  });
});
