import { isUtf8 } from 'node:buffer';
import { YamlReaderError } from './yaml-error.ts';

// Every character that YAML 1.1 section 5.1 does not call printable; a byte order mark inside the text is printable.
const UNPRINTABLE = /[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

/**
 * Turns the bytes of a YAML stream into text: UTF-8, or UTF-16 if it starts with such a byte order mark, which is
 * dropped. Throws YamlReaderError for malformed sequences and for control characters (go-yaml's reader).
 */
export function decodeYamlText(input: Uint8Array | string): string {
  const text =
    typeof input === 'string'
      ? withoutMark(input)
      : decodeBytes(Buffer.from(input.buffer, input.byteOffset, input.byteLength));
  checkPrintable(text);
  return text;
}

function checkPrintable(text: string): void {
  const index = UNPRINTABLE.exec(text)?.index;
  if (index === undefined) return;
  throw new YamlReaderError('control characters are not allowed', Buffer.byteLength(text.slice(0, index)));
}

function decodeBytes(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return decodeUtf16(bytes.subarray(2));
  if (bytes[0] === 0xfe && bytes[1] === 0xff) {
    const swapped = Buffer.from(bytes.subarray(2));
    if (swapped.length % 2 === 0) swapped.swap16();
    return decodeUtf16(swapped);
  }
  if (!isUtf8(bytes)) {
    const { problem, offset } = utf8Problem(bytes);
    checkPrintable(withoutMark(bytes.toString('utf8', 0, offset)));
    throw new YamlReaderError(problem, offset);
  }
  return withoutMark(bytes.toString('utf8'));
}

function decodeUtf16(littleEndian: Buffer): string {
  const text = littleEndian.toString('utf16le');
  if (littleEndian.length % 2 !== 0) throw new YamlReaderError('incomplete UTF-16 character', 0);
  if (/\p{Surrogate}/u.test(text)) throw new YamlReaderError('incomplete UTF-16 surrogate pair', 0);
  return text;
}

function withoutMark(text: string): string {
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}

/** What is wrong with the first malformed sequence, as go-yaml words it, and the offset where it begins. */
function utf8Problem(bytes: Buffer): { readonly problem: string; readonly offset: number } {
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
    if (width === 0) return { problem: 'invalid leading UTF-8 octet', offset };
    const sequence = bytes.subarray(offset, offset + width);
    if (sequence.subarray(1).some((octet) => (octet & 0xc0) !== 0x80))
      return { problem: 'invalid trailing UTF-8 octet', offset };
    if (sequence.length < width) return { problem: 'incomplete UTF-8 octet sequence', offset };
    if (!isUtf8(sequence)) {
      const problem = isTooLong(sequence)
        ? 'invalid length of a UTF-8 sequence'
        : 'invalid Unicode character';
      return { problem, offset };
    }
    offset += width;
  }
  return { problem: 'invalid UTF-8 octet sequence', offset: bytes.length };
}

/** Whether a sequence of well-formed bytes is longer than its code point needs; this does not apply to surrogates. */
function isTooLong(sequence: Buffer): boolean {
  const [first = 0, second = 0] = sequence;
  return first < 0xc2 || (first === 0xe0 && second < 0xa0) || (first === 0xf0 && second < 0x90);
}
