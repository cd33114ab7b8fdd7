import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MalformedMessage } from '../../../src/protocol/malformed-message.ts';
import { decodeRequest } from '../../../src/protocol/tftp/request.ts';

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');
const RRQ = '\0\x01';

/** The code of the refusal, or the request that was read. */
function outcome(bytes: Uint8Array): unknown {
  try {
    return decodeRequest(bytes);
  } catch (error) {
    if (error instanceof MalformedMessage) return error.code;
    throw error;
  }
}

const optionsOf = (text: string): [string, string][] => [...decodeRequest(latin1(text)).options];

describe('requests of real clients', () => {
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
    ['option names are case-insensitive', 'f\0octet\0BlkSize\x001024\0', [['blksize', '1024']]],
    ['of a repeated option the first one is used', 'f\0octet\0tsize\x001\0TSIZE\x002\0', [['tsize', '1']]],
    ['an option name without a value is ignored', 'f\0octet\0tsize\x000\0blksize\0', [['tsize', '0']]],
    ['an unterminated value is ignored', 'f\0octet\0blksize\x00512', []],
    ['padding with zeros is not an option', 'f\0octet\0\0\0\0\0\0\0', []],
    ['an option may be empty', 'f\0octet\0x\0\0tsize\x000\0', [['x', ''], ['tsize', '0']]],
  ])('%s', (_name, text, options) => {
    expect(optionsOf(RRQ + text)).toEqual(options);
  }); // prettier-ignore

  test('options after the sixteenth are ignored', () => {
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
  ])('%j is read as %j: memory contents after an unterminated option 67 are removed', (sent, read) => {
    expect(decodeRequest(latin1(`${RRQ}${sent}\0octet\0`)).filename).toBe(read);
  });
});

describe('invalid requests', () => {
  test.each([
    ['nothing', '', 'short'],
    ['an opcode alone', RRQ, 'short'],
    ['three bytes', `${RRQ}f`, 'short'],
    ['1025 bytes', `${RRQ}f\0octet\0`.padEnd(1025, 'x'), 'long'],
    ['an ACK', '\0\x04\0\x01', 'opcode'],
    ['opcode 0', '\0\0f\0octet\0', 'opcode'],
    ['opcode 65535', '\xff\xfff\0octet\0', 'opcode'],
    ['opcode 257, whose low byte is that of RRQ', '\x01\x01f\0octet\0', 'opcode'],
    ['an unterminated name', `${RRQ}filename`, 'unterminated'],
    ['an empty name', `${RRQ}\0octet\0`, 'empty'],
    ['no mode', `${RRQ}file\0`, 'unterminated'],
    ['an empty mode', `${RRQ}file\0\0`, 'empty'],
    ['an unterminated mode', `${RRQ}file\0octet`, 'unterminated'],
    ['a name of 513 bytes', `${RRQ}${'n'.repeat(513)}\0octet\0`, 'long-name'],
    ['a line feed in the name', `${RRQ}a\nb\0octet\0`, 'control'],
    ['an escape in the name', `${RRQ}\x1b[2J\0octet\0`, 'control'],
    ['DEL in the name', `${RRQ}a\x7f\0octet\0`, 'control'],
  ])('%s', (_name, text, code) => {
    expect(outcome(latin1(text))).toBe(code);
  });

  test('a name of 512 bytes is accepted', () => {
    expect(decodeRequest(latin1(`${RRQ}${'n'.repeat(512)}\0octet\0`)).filename).toHaveLength(512);
  });
});

describe('properties', () => {
  const word = fc.string({ unit: fc.constantFrom(...'abcXYZ019./-_'), minLength: 1, maxLength: 12 });

  test('an encoded request is read unchanged', () => {
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

  test('a request truncated at any place is read, or refused with MalformedMessage', () => {
    const packet = latin1(`${RRQ}snponly.efi\0octet\0tsize\x000\0blksize\x001468\0`);
    for (let length = 0; length <= packet.length; length++) {
      const read = outcome(packet.subarray(0, length));
      // The mode ends at byte 20; a request truncated after it can only lack options.
      expect(typeof read === 'string', `${length} octets`).toBe(length < 20);
    }
  });

  test('any bytes are read, or refused with MalformedMessage', () => {
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
