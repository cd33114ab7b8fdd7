import { isUtf8 } from 'node:buffer';

/**
 * Decodes bytes as Go converts them to text for JSON: every byte that is not part of valid UTF-8 becomes one U+FFFD.
 * TextDecoder differs: it writes one for a whole truncated sequence.
 */
export function decodeUtf8(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString('utf8');
  let text = '';
  for (let offset = 0; offset < bytes.length;) {
    const length = runeLength(bytes, offset);
    text += length === 0 ? '\ufffd' : bytes.toString('utf8', offset, offset + length);
    offset += length || 1;
  }
  return text;
}

/** Length in bytes of the valid UTF-8 sequence at an offset, or 0 if there is none. */
export function runeLength(bytes: Buffer, offset: number): number {
  const first = bytes[offset] ?? 0x80;
  const length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  return offset + length <= bytes.length && isUtf8(bytes.subarray(offset, offset + length)) ? length : 0;
}

/** Quotes text like Go's %q: double quotes, backslash escapes, and `\x` or `\u` for what cannot be printed. */
export function quote(text: string): string {
  return `"${quoteInner(text.replaceAll('\\', '\\\\').replaceAll('"', '\\"'))}"`;
}

/**
 * Quotes one character like the messages of encoding/json: in single quotes, which are the only characters that are
 * escaped.
 */
export function quoteCharacter(character: string): string {
  if (character === "'") return "'\\''";
  return character === '\\' ? "'\\\\'" : `'${quoteInner(character)}'`;
}

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
};

function quoteInner(text: string): string {
  return text.replace(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, (character) => {
    const short = SHORT_ESCAPES[character];
    if (short !== undefined) return short;
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`;
    return code > 0xffff
      ? `\\U${code.toString(16).padStart(8, '0')}`
      : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}
