import { MalformedMessage } from '../malformed-message.ts';

// RFC 1350 section 5, and RFC 2347 for OACK. All numbers are two bytes in network order:
//
//   RRQ, WRQ  | 1 or 2 | filename | 0 | mode | 0 | [ option | 0 | value | 0 ]...
//   DATA      | 3      | block    | 0 to blksize octets
//   ACK       | 4      | block    |
//   ERROR     | 5      | code     | message | 0 |
//   OACK      | 6      | [ option | 0 | value | 0 ]...

/** The kind of a packet, by its first two bytes. */
export const Opcode = { rrq: 1, wrq: 2, data: 3, ack: 4, error: 5, oack: 6 } as const;

/** Codes of ERROR (RFC 1350 appendix I, RFC 2347 for the last). */
export const TftpError = {
  undefined: 0,
  notFound: 1,
  accessViolation: 2,
  illegalOperation: 4,
  unknownTransferId: 5,
  optionRefused: 8,
} as const;

/**
 * Maximum length in bytes of the error text that is sent; firmware prints it on a line of 80 columns, or truncates it.
 */
const ERROR_TEXT_MAX = 64;

/** A packet that a client sends during a transfer. */
export type ClientPacket =
  { readonly kind: 'ack'; readonly block: number } | { readonly kind: 'error'; readonly code: number };

/** The first two bytes as a number; undefined for a packet that is too short. */
export function readOpcode(bytes: Uint8Array): number | undefined {
  const [high, low] = bytes;
  return high === undefined || low === undefined ? undefined : high * 256 + low;
}

/**
 * Reads ACK or ERROR (RFC 1350 section 5). What follows the first four bytes is ignored: in an ACK it is padding, and
 * in an ERROR it is unchecked text. Throws MalformedMessage for anything else.
 */
export function decodeClientPacket(bytes: Uint8Array): ClientPacket {
  if (bytes.length < 4) {
    throw new MalformedMessage(
      'short',
      `a packet of ${bytes.length} bytes; at least 4 are needed`,
      bytes.length,
    );
  }
  const value = (bytes[2] ?? 0) * 256 + (bytes[3] ?? 0);
  const opcode = readOpcode(bytes);
  if (opcode === Opcode.ack) return { kind: 'ack', block: value };
  if (opcode === Opcode.error) return { kind: 'error', code: value };
  throw new MalformedMessage(
    'opcode',
    `opcode ${opcode} in a transfer, where only ACK and ERROR are allowed`,
  );
}

/** An ERROR packet. The text is converted to printable ASCII of at most 64 bytes. */
export function encodeError(code: number, text: string): Buffer {
  const printable = text.replace(/[^ -~]/g, '?').slice(0, ERROR_TEXT_MAX);
  const packet = Buffer.alloc(4 + printable.length + 1);
  packet.writeUInt16BE(Opcode.error, 0);
  packet.writeUInt16BE(code, 2);
  packet.write(printable, 4, 'latin1');
  return packet;
}

/** An OACK packet (RFC 2347) with the options in the order given. */
export function encodeOack(options: readonly (readonly [name: string, value: string])[]): Buffer {
  const text = options.map(([name, value]) => `${name}\0${value}\0`).join('');
  return Buffer.from(`\0\x06${text}`, 'latin1');
}
