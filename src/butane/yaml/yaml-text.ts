import { isUtf8 } from 'node:buffer';
import { YamlError } from './yaml-error.ts';

// Everything but what YAML 1.1 section 5.1 calls printable; the byte order mark inside a text is printable.
const unprintable = /[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

/**
 * Turns the bytes of a YAML stream into text: UTF-8, or UTF-16 if it starts with such a byte order mark, which is
 * dropped. Throws YamlError for malformed sequences and for control characters (go-yaml's reader).
 */
export function decodeYamlText(input: Uint8Array | string): string {
  const text =
    typeof input === 'string'
      ? withoutMark(input)
      : decodeBytes(Buffer.from(input.buffer, input.byteOffset, input.byteLength));
  if (unprintable.test(text)) throw new YamlError('control characters are not allowed');
  return text;
}

function decodeBytes(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return decodeUtf16(bytes.subarray(2));
  if (bytes[0] === 0xfe && bytes[1] === 0xff) {
    const swapped = Buffer.from(bytes.subarray(2));
    if (swapped.length % 2 === 0) swapped.swap16();
    return decodeUtf16(swapped);
  }
  if (!isUtf8(bytes)) throw new YamlError(utf8Problem(bytes));
  return withoutMark(bytes.toString('utf8'));
}

function decodeUtf16(littleEndian: Buffer): string {
  const text = littleEndian.toString('utf16le');
  if (littleEndian.length % 2 !== 0) throw new YamlError('incomplete UTF-16 character');
  if (/\p{Surrogate}/u.test(text)) throw new YamlError('incomplete UTF-16 surrogate pair');
  return text;
}

function withoutMark(text: string): string {
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}

/** What is wrong with the first malformed sequence, as go-yaml words it. */
function utf8Problem(bytes: Buffer): string {
  for (let offset = 0; offset < bytes.length;) {
    const leading = bytes[offset] ?? 0;
    const width =
      leading < 0x80
        ? 1
        : leading < 0xc0
          ? 0
          : leading < 0xe0
            ? 2
            : leading < 0xf0
              ? 3
              : leading < 0xf8
                ? 4
                : 0;
    if (width === 0) return 'invalid leading UTF-8 octet';
    const sequence = bytes.subarray(offset, offset + width);
    if (sequence.subarray(1).some((octet) => (octet & 0xc0) !== 0x80)) return 'invalid trailing UTF-8 octet';
    if (sequence.length < width) return 'incomplete UTF-8 octet sequence';
    if (!isUtf8(sequence)) return 'invalid length of a UTF-8 sequence';
    offset += width;
  }
  return 'invalid UTF-8 octet sequence';
}
