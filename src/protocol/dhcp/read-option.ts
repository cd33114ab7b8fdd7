import { type Ipv4Address, ipv4FromBytes } from '../ipv4-address.ts';
import type { DhcpOptions } from './message.ts';

// A value of the wrong length is treated as absent by all functions here: one invalid option must not keep a machine
// from booting.

/** An option of exactly two bytes, as a number. */
export function readUint16(options: DhcpOptions, code: number): number | undefined {
  const bytes = options.get(code);
  return bytes?.length === 2 ? (bytes[0] ?? 0) * 256 + (bytes[1] ?? 0) : undefined;
}

/** An option that is one IPv4 address. */
export function readAddress(options: DhcpOptions, code: number): Ipv4Address | undefined {
  const bytes = options.get(code);
  return bytes?.length === 4 ? ipv4FromBytes(bytes) : undefined;
}

/** An option that is text: one character per byte, without the NULs that some clients append. */
export function readText(options: DhcpOptions, code: number): string | undefined {
  const bytes = options.get(code);
  return bytes === undefined ? undefined : textFromBytes(bytes);
}

/** Bytes as text, one character per byte, without trailing NULs (RFC 2132 section 2: clients may send them). */
export function textFromBytes(bytes: Uint8Array): string {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  let text = '';
  for (let index = 0; index < end; index++) text += String.fromCharCode(bytes[index] ?? 0);
  return text;
}

const HEX_PAIRS = Array.from({ length: 256 }, (_, value) => value.toString(16).padStart(2, '0'));

/** Bytes in lower-case hex, with `separator` between them. */
export function hexFromBytes(bytes: Uint8Array, separator = ''): string {
  let text = '';
  for (let index = 0; index < bytes.length; index++) {
    if (index > 0) text += separator;
    text += HEX_PAIRS[bytes[index] ?? 0];
  }
  return text;
}
