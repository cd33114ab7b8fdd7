/**
 * `data:` URLs (RFC 2397) as the library that Ignition uses reads them, github.com/vincent-petithory/dataurl, which is
 * stricter than browsers: known media types only, `;base64` last, padded base64, no characters that a URL must escape.
 */

/** Why a text is not a `data:` URL, in the library's words. */
export class DataUrlError extends Error {
  override readonly name = 'DataUrlError';
}

/** Decodes the bytes of a `data:` URL; throws DataUrlError. */
export function decodeDataUrl(url: string): Buffer {
  const { data, base64 } = parseDataUrl(url);
  if (base64) return Buffer.from(data, 'base64');
  if (!data.includes('%')) return Buffer.from(data, 'latin1');
  const bytes = Buffer.alloc(data.length);
  let length = 0;
  for (let index = 0; index < data.length; index++) {
    const escaped = data.charAt(index) === '%';
    bytes[length++] = escaped ? parseInt(data.slice(index + 1, index + 3), 16) : data.charCodeAt(index);
    if (escaped) index += 2;
  }
  return bytes.subarray(0, length);
}

/** Says what is wrong with a `data:` URL, or returns undefined; the data is checked but not decoded. */
export function findDataUrlFault(url: string): string | undefined {
  try {
    parseDataUrl(url);
    return undefined;
  } catch (error) {
    if (error instanceof DataUrlError) return error.message;
    throw error;
  }
}

/** Writes bytes as a `data:` URL with everything but unreserved characters (RFC 2396 section 2.3) percent-encoded. */
export function escapedDataUrl(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (const byte of bytes) parts.push(escapedBytes[byte] ?? '');
  return `data:,${parts.join('')}`;
}

/** Writes bytes as a `data:` URL in base64. */
export function base64DataUrl(bytes: Uint8Array): string {
  return `data:;base64,${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')}`;
}

const escapedBytes: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  if (/[A-Za-z0-9\-_.!~*'()]/.test(character)) return character;
  return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
});

// RFC 2045 token characters, as a class that excludes controls, space and the specials.
const TOKEN = "[!#$%&'*+.0-9A-Z^_`a-z{|}~-]";
const TOKENS = new RegExp(`${TOKEN}+`, 'y');
const DATA_CHARACTERS = /^[!$-;=?-Z_a-z~]*$/;
const MEDIA_TYPES = /^(?:text|image|audio|video|application|message|multipart)/;

function parseDataUrl(url: string): { data: string; base64: boolean } {
  if (!url.startsWith('data:')) fail('missing data prefix');
  const cursor = new Cursor(url, 5);
  let base64 = false;
  if (cursor.peek() !== ';' && cursor.peek() !== ',') parseMediaType(cursor);
  while (cursor.peek() === ';') {
    cursor.offset++;
    const attribute = cursor.take(TOKENS);
    if (attribute === '') {
      const ended = ['', '=', ','].includes(cursor.peek());
      fail(ended ? 'unterminated parameter sequence' : 'invalid character for parameter attribute');
    }
    if (cursor.peek() === ',') {
      if (attribute !== 'base64') fail(`expected base64, got ${attribute}`);
      base64 = true;
    } else if (cursor.peek() === '=') {
      cursor.offset++;
      parseParameterValue(cursor);
    } else {
      fail(
        cursor.peek() === ''
          ? 'unterminated parameter sequence'
          : 'invalid character for parameter attribute',
      );
    }
  }
  if (cursor.peek() === '') fail('missing comma before data');
  if (cursor.peek() !== ',') fail('expected semicolon or comma');
  const data = url.slice(cursor.offset + 1);
  return { data: base64 ? checkBase64(data) : checkEscaped(data), base64 };
}

function parseMediaType(cursor: Cursor): void {
  if (cursor.peek() === '') fail('missing comma before data');
  const type = cursor.take(TOKENS);
  if (type === '') fail('invalid character after data prefix');
  if (cursor.peek() === '') fail('missing media type slash');
  if (cursor.peek() !== '/') fail('invalid character for media type');
  if (!MEDIA_TYPES.test(type) && !/^[xX]-/.test(type)) fail('invalid media type');
  cursor.offset++;
  cursor.take(TOKENS);
  if (cursor.peek() === '') fail('incomplete media type');
  if (cursor.peek() !== ';' && cursor.peek() !== ',') fail('invalid character for media subtype');
}

function parseParameterValue(cursor: Cursor): void {
  if (cursor.peek() !== '"') {
    const value = cursor.take(TOKENS);
    if (value === '') fail('invalid character for parameter value');
    checkEscapes(value);
    return;
  }
  cursor.offset++;
  const quoted = cursor.take(QUOTED_TEXT);
  if (cursor.peek() !== '"') fail('unclosed quoted string');
  // Go's strconv.Unquote: only its own escapes, and no line feed.
  if (!GO_STRING.test(quoted)) fail('invalid syntax');
  cursor.offset++;
}

const QUOTED_TEXT = /(?:[^\\"\u0080-\uffff]|\\[^\u0080-\uffff])*/y;
const GO_STRING =
  /^(?:[^\\\n]|\\(?:[abfnrtv\\"]|x[0-9a-fA-F]{2}|[0-3][0-7]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}))*$/;

function checkEscaped(data: string): string {
  if (!DATA_CHARACTERS.test(data)) fail('invalid data character');
  checkEscapes(data);
  return data;
}

function checkEscapes(text: string): void {
  const bad = /%(?![0-9a-fA-F]{2})/.exec(text);
  if (!bad) return;
  const incomplete = /^%[0-9a-fA-F]?$/.test(text.slice(bad.index));
  fail(
    incomplete
      ? 'rfc2396: unexpected end of unescape sequence'
      : 'rfc2396: invalid char 0x25 in unescape sequence',
  );
}

/** Base64 as Go's encoding/base64 reads it (StdEncoding): positions of errors count line feeds. */
function checkBase64(data: string): string {
  if (!/^[A-Za-z0-9+/=\n]*$/.test(data)) fail('invalid data character');
  const corrupt = findCorruptBase64(data);
  if (corrupt !== undefined) fail(`illegal base64 data at input byte ${corrupt}`);
  return data.replaceAll('\n', '');
}

function findCorruptBase64(data: string): number | undefined {
  const padding = data.indexOf('=');
  const digitsEnd = padding < 0 ? data.length : padding;
  let feeds = 0;
  for (let at = data.indexOf('\n'); at >= 0 && at < digitsEnd; at = data.indexOf('\n', at + 1)) feeds++;
  const digits = (digitsEnd - feeds) % 4;
  // The position of an incomplete group is where it would begin if it contained no line feed.
  if (padding < 0) return digits === 0 ? undefined : data.length - digits;
  if (digits < 2) return padding;
  let end = skipLineFeeds(data, padding + 1);
  if (digits === 2) {
    if (end === data.length) return data.length;
    if (data.charAt(end) !== '=') return end - 1;
    end = skipLineFeeds(data, end + 1);
  }
  return end < data.length ? end : undefined;
}

function skipLineFeeds(data: string, from: number): number {
  let end = from;
  while (data.charAt(end) === '\n') end++;
  return end;
}

function fail(message: string): never {
  throw new DataUrlError(message);
}

class Cursor {
  offset: number;
  readonly #text: string;

  constructor(text: string, offset: number) {
    this.#text = text;
    this.offset = offset;
  }

  /** The character at the offset, or an empty string at the end. */
  peek(): string {
    return this.#text.charAt(this.offset);
  }

  /** Takes the longest match of a sticky pattern, which may be empty. */
  take(pattern: RegExp): string {
    pattern.lastIndex = this.offset;
    const match = pattern.exec(this.#text)?.[0] ?? '';
    this.offset += match.length;
    return match;
  }
}
