import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MalformedMessage } from '../../../src/protocol/malformed-message.ts';
import {
  decodeClientPacket,
  encodeError,
  encodeOack,
  readOpcode,
  TftpError,
} from '../../../src/protocol/tftp/packet.ts';

const octets = (...values: number[]): Uint8Array => Uint8Array.from(values);

function outcome(bytes: Uint8Array): unknown {
  try {
    return decodeClientPacket(bytes);
  } catch (error) {
    if (error instanceof MalformedMessage) return error.code;
    throw error;
  }
}

describe('packets of a client in a transfer', () => {
  test.each([
    ['ACK 0', octets(0, 4, 0, 0), { kind: 'ack', block: 0 }],
    ['ACK 65535', octets(0, 4, 255, 255), { kind: 'ack', block: 65535 }],
    ['an ACK with padding', octets(0, 4, 1, 2, 9, 9, 9), { kind: 'ack', block: 258 }],
    ['ERROR 8 with a text', octets(0, 5, 0, 8, 85, 115, 0), { kind: 'error', code: 8 }],
    ['ERROR without a text', octets(0, 5, 0, 0), { kind: 'error', code: 0 }],
    ['ERROR whose text is not terminated', octets(0, 5, 0, 0, 65), { kind: 'error', code: 0 }],
    ['nothing', octets(), 'short'],
    ['one byte', octets(0), 'short'],
    ['three bytes of an ACK', octets(0, 4, 0), 'short'],
    ['DATA', octets(0, 3, 0, 1), 'opcode'],
    ['OACK', octets(0, 6, 65, 0, 66, 0), 'opcode'],
    ['RRQ', octets(0, 1, 65, 0, 66, 0), 'opcode'],
    ['opcode 1028, whose low byte is that of ACK', octets(4, 4, 0, 0), 'opcode'],
  ])('%s', (_name, bytes, expected) => {
    expect(outcome(bytes)).toEqual(expected);
  });

  test('any bytes are read, or refused with MalformedMessage', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
        const read = outcome(bytes);
        if (bytes.length < 4) expect(read).toBe('short');
        else if (readOpcode(bytes) === 4) expect(read).toMatchObject({ kind: 'ack' });
        else if (readOpcode(bytes) === 5) expect(read).toMatchObject({ kind: 'error' });
        else expect(read).toBe('opcode');
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    [octets(), undefined],
    [octets(7), undefined],
    [octets(1, 2), 258],
  ])('%j has the opcode %s', (bytes, opcode) => expect(readOpcode(bytes)).toBe(opcode));
});

describe('packets of the server', () => {
  test.each([
    ['unchanged', 'no such file', 'no such file'],
    ['without control characters', 'a\r\n\x1b[2Jb', 'a???[2Jb'],
    ['without a NUL inside it', 'a\0b', 'a?b'],
    ['without characters that are not ASCII', 'grün\u202e', 'gr?n?'],
    ['cut to at most 64 bytes', 'x'.repeat(100), 'x'.repeat(64)],
  ])('the text of an ERROR is sent %s', (_name, text, sent) => {
    const packet = encodeError(TftpError.notFound, text);
    expect(packet.toString('latin1')).toBe(`\0\x05\0\x01${sent}\0`);
  });

  test('an OACK has the options in the order given', () => {
    const packet = encodeOack([
      ['blksize', '1468'],
      ['tsize', '0'],
    ]);
    expect(packet.toString('latin1')).toBe('\0\x06blksize\x001468\0tsize\x000\0');
  });
});
