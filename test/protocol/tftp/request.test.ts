import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MalformedMessage } from '../../../src/protocol/malformed-message.ts';
import { decodeRequest } from '../../../src/protocol/tftp/request.ts';

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');
const RRQ = '\0\x01';

/** The code of the refusal, or what was read. */
function outcome(bytes: Uint8Array): unknown {
  try {
    return decodeRequest(bytes);
  } catch (error) {
    if (error instanceof MalformedMessage) return error.code;
    throw error;
  }
}

const optionsOf = (text: string): [string, string][] => [...decodeRequest(latin1(text)).options];

describe('requests as clients send them', () => {
  test.each([
    [
      'edk2 that asks for the size',
      'snponly.efi\0octet\0tsize\x000\0blksize\x001468\0windowsize\x004\0',
      [
        ['tsize', '0'],
        ['blksize', '1468'],
        ['windowsize', '4'],
      ],
    ],
    [
      'iPXE',
      'undionly.kpxe\0octet\0blksize\x001432\0tsize\x000\0',
      [
        ['blksize', '1432'],
        ['tsize', '0'],
      ],
    ],
    ['a client of RFC 1350', 'pxelinux.0\0OCTET\0', []],
  ])('%s', (_name, text, options) => {
    const request = decodeRequest(latin1(RRQ + text));
    expect(request).toMatchObject({
      operation: 'read',
      filename: text.slice(0, text.indexOf('\0')),
      mode: 'octet',
    });
    expect([...request.options]).toEqual(options);
  });

  test.each([
    ['option names are read without regard to case', 'f\0octet\0BlkSize\x001024\0', [['blksize', '1024']]],
    ['of a repeated option the first counts', 'f\0octet\0tsize\x001\0TSIZE\x002\0', [['tsize', '1']]],
    ['a name without its value is left out', 'f\0octet\0tsize\x000\0blksize\0', [['tsize', '0']]],
    ['a value without its end is left out', 'f\0octet\0blksize\x00512', []],
    ['padding of zeros is no option', 'f\0octet\0\0\0\0\0\0\0', []],
    ['an option may be empty', 'f\0octet\0x\0\0tsize\x000\0', [['x', ''], ['tsize', '0']]],
  ])('%s', (_name, text, options) => {
    expect(optionsOf(RRQ + text)).toEqual(options);
  }); // prettier-ignore

  test('options past the sixteenth are left out', () => {
    const pairs = Array.from({ length: 180 }, (_, index) => `${index}\0v\0`).join('');
    expect(optionsOf(`${RRQ}f\0octet\0${pairs}`).map(([name]) => Number(name))).toEqual([
      ...Array(16).keys(),
    ]);
  });

  test.each([
    ['undionly.kpxe\xff\xff\xff', 'undionly.kpxe'],
    ['undionly.kpxe\x80', 'undionly.kpxe'],
    ['gr\xc3\xbcn/kernel', 'grün/kernel'],
    ['\xff\xff', ''],
  ])('%j is read as %j: what lies behind an unterminated option 67 is cut off', (sent, read) => {
    expect(decodeRequest(latin1(`${RRQ}${sent}\0octet\0`)).filename).toBe(read);
  });
});

describe('what is no request', () => {
  test.each([
    ['nothing', '', 'short'],
    ['an opcode alone', RRQ, 'short'],
    ['three octets', `${RRQ}f`, 'short'],
    ['1025 octets', `${RRQ}f\0octet\0`.padEnd(1025, 'x'), 'long'],
    ['an ACK', '\0\x04\0\x01', 'opcode'],
    ['opcode 0', '\0\0f\0octet\0', 'opcode'],
    ['opcode 65535', '\xff\xfff\0octet\0', 'opcode'],
    ['opcode 257, whose low octet is that of RRQ', '\x01\x01f\0octet\0', 'opcode'],
    ['a name without its end', `${RRQ}filename`, 'unterminated'],
    ['an empty name', `${RRQ}\0octet\0`, 'empty'],
    ['no mode', `${RRQ}file\0`, 'unterminated'],
    ['an empty mode', `${RRQ}file\0\0`, 'empty'],
    ['a mode without its end', `${RRQ}file\0octet`, 'unterminated'],
    ['a name of 513 octets', `${RRQ}${'n'.repeat(513)}\0octet\0`, 'long-name'],
    ['a line feed in the name', `${RRQ}a\nb\0octet\0`, 'control'],
    ['an escape in the name', `${RRQ}\x1b[2J\0octet\0`, 'control'],
    ['DEL in the name', `${RRQ}a\x7f\0octet\0`, 'control'],
  ])('%s', (_name, text, code) => {
    expect(outcome(latin1(text))).toBe(code);
  });

  test('a name of 512 octets still is one', () => {
    expect(decodeRequest(latin1(`${RRQ}${'n'.repeat(512)}\0octet\0`)).filename).toHaveLength(512);
  });
});

describe('properties', () => {
  const word = fc.string({ unit: fc.constantFrom(...'abcXYZ019./-_'), minLength: 1, maxLength: 12 });

  test('what was encoded is read again', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('read', 'write'),
        word,
        fc.uniqueArray(fc.tuple(word, word), { maxLength: 16, selector: ([name]) => name.toLowerCase() }),
        (operation, filename, options) => {
          const pairs = options.map(([name, value]) => `${name}\0${value}\0`).join('');
          const packet = latin1(`\0${operation === 'read' ? '\x01' : '\x02'}${filename}\0octet\0${pairs}`);
          expect(decodeRequest(packet)).toEqual({
            operation,
            filename,
            mode: 'octet',
            options: new Map(options.map(([name, value]) => [name.toLowerCase(), value])),
          });
        },
      ),
    );
  });

  test('a request cut at any place is read or refused, and nothing else', () => {
    const packet = latin1(`${RRQ}snponly.efi\0octet\0tsize\x000\0blksize\x001468\0`);
    for (let length = 0; length <= packet.length; length++) {
      const read = outcome(packet.subarray(0, length));
      // The mode ends at octet 20; from there on only options can be missing.
      expect(typeof read === 'string', `${length} octets`).toBe(length < 20);
    }
  });

  test('any octets are read or refused, and nothing else', () => {
    const requestLike = fc
      .tuple(fc.constantFrom(RRQ, '\0\x02'), fc.array(fc.oneof(word, fc.constant('\0'), fc.constant('\xff'))))
      .map(([opcode, parts]) => latin1(opcode + parts.join('')));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 1200 }), requestLike), (bytes) => {
        const read = outcome(bytes);
        if (typeof read !== 'string') expect(read).toHaveProperty('filename');
      }),
      { numRuns: 5000 },
    );
  });
});
