import { isWord } from './cursor.ts';
import type { Cursor, Mark } from './cursor.ts';

const PERCENT = 0x25;
const EXCLAMATION = 0x21;
const URI_CHARACTERS = new Set([...";/?:@&=+$,.!~*'()[]%"].map((character) => character.charCodeAt(0)));

/** The two halves of a tag: `!!` and `str`, `!` and `local`, or an empty handle and a whole URI. */
export interface ScannedTag {
  readonly handle: string;
  readonly suffix: string;
}

/**
 * Reads a tag, starting at its exclamation mark (YAML 1.1 section 6.8.1): `!<uri>`, `!handle!suffix`, `!suffix` or `!`.
 */
export function scanTag(cursor: Cursor): ScannedTag {
  const start = cursor.mark;
  if (cursor.sees('!<')) {
    cursor.skip(2);
    const suffix = scanTagUri(cursor, '', start);
    if (!cursor.sees('>')) throw cursor.error("did not find the expected '>'", start);
    cursor.skip();
    return { handle: '', suffix };
  }
  const handle = scanTagHandle(cursor, false, start);
  if (handle.length > 1 && handle.endsWith('!')) return { handle, suffix: scanTagUri(cursor, '', start) };
  const suffix = scanTagUri(cursor, handle, start);
  return suffix === '' ? { handle: '', suffix: '!' } : { handle: '!', suffix };
}

/** Reads the handle of a tag or, with its closing mark required, of a %TAG directive. */
export function scanTagHandle(cursor: Cursor, inDirective: boolean, start: Mark): string {
  if (cursor.at() !== EXCLAMATION) throw cursor.error("did not find expected '!'", start);
  let length = 1;
  while (isWord(cursor.at(length))) length++;
  if (cursor.at(length) === EXCLAMATION) length++;
  else if (inDirective && length > 1) throw cursor.error("did not find expected '!'", start);
  const handle = cursor.text.slice(cursor.offset, cursor.offset + length);
  cursor.skip(length);
  return handle;
}

/**
 * Reads the URI characters of a tag, after a `head` that was read as a handle; its first mark is not part of the URI.
 */
export function scanTagUri(cursor: Cursor, head: string, start: Mark): string {
  const from = cursor.offset;
  let uri = head.slice(1);
  for (let code = cursor.at(); isWord(code) || URI_CHARACTERS.has(code); code = cursor.at()) {
    if (code === PERCENT) {
      uri += scanUriEscapes(cursor, start);
    } else {
      uri += cursor.text.charAt(cursor.offset);
      cursor.skip();
    }
  }
  if (head === '' && cursor.offset === from) throw cursor.error('did not find expected tag URI', start);
  return uri;
}

/** Reads the `%XX` escapes of one UTF-8 character. */
function scanUriEscapes(cursor: Cursor, start: Mark): string {
  const octets: number[] = [];
  let width = 1;
  while (octets.length < width) {
    const digits = cursor.text.slice(cursor.offset + 1, cursor.offset + 3);
    if (cursor.at() !== PERCENT || !/^[0-9A-Fa-f]{2}$/.test(digits)) {
      throw cursor.error('did not find URI escaped octet', start);
    }
    const octet = Number.parseInt(digits, 16);
    if (octets.length === 0) {
      width = sequenceWidth(octet);
      if (width === 0) throw cursor.error('found an incorrect leading UTF-8 octet', start);
    } else if ((octet & 0xc0) !== 0x80) {
      throw cursor.error('found an incorrect trailing UTF-8 octet', start);
    }
    octets.push(octet);
    cursor.skip(3);
  }
  return Buffer.from(octets).toString('utf8');
}

function sequenceWidth(leading: number): number {
  if (leading < 0x80) return 1;
  if ((leading & 0xe0) === 0xc0) return 2;
  if ((leading & 0xf0) === 0xe0) return 3;
  return (leading & 0xf8) === 0xf0 ? 4 : 0;
}
