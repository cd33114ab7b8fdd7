import { decodeUtf8, quote, runeLength } from './go-text.ts';

/**
 * A parser of systemd unit files that accepts and refuses the same texts as go-systemd's unit.Deserialize, because that
 * decides whether Ignition accepts a configuration. It is more lenient than systemd itself.
 */

/** One `Name=Value` line of a unit, continuation lines included. */
export interface UnitOption {
  readonly section: string;
  readonly name: string;
  readonly value: string;
}

/** The only error of `parseUnit`: the text is not a unit; the message is go-systemd's. */
export class UnitSyntaxError extends Error {
  override readonly name = 'UnitSyntaxError';
}

/** Parses a unit; throws UnitSyntaxError. Time is linear in the length of the text. */
export function parseUnit(text: string): UnitOption[] {
  return new UnitReader(Buffer.from(text, 'utf8')).read();
}

/** The result that Ignition's rules need from a unit. */
export type UnitFindings =
  | { readonly kind: 'unit'; readonly hasInstallOption: boolean }
  | { readonly kind: 'fault'; readonly message: string };

/** Returns what is wrong with a unit, or whether it has an option in [Install]; an empty section does not count. */
export function inspectUnit(text: string): UnitFindings {
  try {
    const options = parseUnit(text);
    return { kind: 'unit', hasInstallOption: options.some(({ section }) => section === 'Install') };
  } catch (error) {
    if (error instanceof UnitSyntaxError) return { kind: 'fault', message: error.message };
    throw error;
  }
}

/** systemd's maximum line length, LINE_MAX. */
const LINE_MAX = 2048;
/** Size of the buffer of Go's bufio.Reader. */
const WINDOW_SIZE = 4096;

/** Go's unicode.IsSpace, which is neither what `\s` nor what String.prototype.trim takes for white space. */
const SPACE_CHARACTER = /[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;

function trimSpace(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && SPACE_CHARACTER.test(text.charAt(start))) start++;
  while (end > start && SPACE_CHARACTER.test(text.charAt(end - 1))) end--;
  return text.slice(start, end);
}

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/**
 * go-systemd looks for over-long lines before each step, but only within the data that its buffered reader currently
 * holds. Therefore the reader's buffer is simulated here: `offset` is the end of what was consumed, `filled` the end of
 * what the reader holds.
 */
class UnitReader {
  readonly #bytes: Buffer;
  #offset = 0;
  #filled = 0;
  #nextLineEnd = -1;
  #section: string | undefined;
  readonly #options: UnitOption[] = [];

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  read(): UnitOption[] {
    for (;;) {
      this.#checkLineLength();
      if (!this.#fillRune()) return this.#options;
      const byte = this.#bytes[this.#offset];
      if (byte === 0x5b) {
        this.#offset++;
        this.#readSection();
      } else if (byte === 0x23 || byte === 0x3b) {
        this.#offset++;
        this.#checkLineLength();
        this.#skipComment();
      } else if (this.#section === undefined) {
        // Anything before the first section is ignored, one character at a time.
        this.#offset += this.#runeLength();
      } else if (this.#isSpace()) {
        this.#offset += this.#runeLength();
      } else {
        this.#checkLineLength();
        this.#readOption(this.#section);
      }
    }
  }

  #readSection(): void {
    this.#checkLineLength();
    const name = this.#readUntil(0x5d);
    if (name.at(-1) !== 0x5d) throw new UnitSyntaxError('unable to find end of section');
    this.#checkLineLength();
    const garbage = trimSpace(decodeUtf8(this.#readLine()));
    // go-systemd omits the name here by mistake.
    if (garbage !== '') {
      throw new UnitSyntaxError(`found garbage after section name : ${quote(garbage)}`);
    }
    this.#section = decodeUtf8(name.subarray(0, -1));
  }

  #skipComment(): void {
    let line: Buffer;
    do {
      line = this.#readLine();
      if (line.at(-1) === 0x20) line = line.subarray(0, -1);
    } while (line.at(-1) === 0x5c);
  }

  #readOption(section: string): void {
    const start = this.#offset;
    for (;;) {
      if (!this.#fillRune()) throw new UnitSyntaxError('EOF');
      const byte = this.#bytes[this.#offset];
      if (byte === NEWLINE || byte === CARRIAGE_RETURN) {
        throw new UnitSyntaxError('unexpected newline encountered while parsing option name');
      }
      this.#offset += this.#runeLength();
      if (byte === 0x3d) break;
    }
    const name = trimSpace(decodeUtf8(this.#bytes.subarray(start, this.#offset - 1)));
    const parts: Buffer[] = [];
    for (;;) {
      this.#checkLineLength();
      const line = this.#readLine();
      const last = this.#offset >= this.#bytes.length && this.#bytes.at(-1) !== NEWLINE;
      if (trimSpace(decodeUtf8(line)) === '') break;
      parts.push(line);
      if (line.at(-1) !== 0x5c) break;
      if (!last) parts.push(Buffer.from('\n'));
    }
    const text = decodeUtf8(Buffer.concat(parts));
    const value = text.endsWith('\n') ? `${trimSpace(text)}\n` : trimSpace(text);
    this.#options.push({ section, name, value });
  }

  /** Length of the rune at the offset; a byte that is not UTF-8 counts as one. */
  #runeLength(): number {
    const byte = this.#bytes[this.#offset] ?? 0;
    return byte < 0x80 ? 1 : runeLength(this.#bytes, this.#offset) || 1;
  }

  #isSpace(): boolean {
    const byte = this.#bytes[this.#offset] ?? 0;
    if (byte < 0x80) return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
    const rune = this.#bytes.subarray(this.#offset, this.#offset + this.#runeLength());
    return SPACE_CHARACTER.test(decodeUtf8(rune));
  }

  /** Reads to the end of the line or of the text; the line end is not part of the result. */
  #readLine(): Buffer {
    const line = this.#readUntil(NEWLINE);
    // As in go-systemd, a carriage return is removed only if no line feed follows it.
    const end = line.at(-1) === NEWLINE || line.at(-1) === CARRIAGE_RETURN ? line.length - 1 : line.length;
    return line.subarray(0, end);
  }

  /** bufio.Reader.ReadBytes: reads up to and including a byte, or to the end of the text. */
  #readUntil(byte: number): Buffer {
    const start = this.#offset;
    const found = this.#bytes.indexOf(byte, start);
    for (;;) {
      if (found >= 0 && found < this.#filled) {
        this.#offset = found + 1;
        break;
      }
      if (this.#filled - this.#offset >= WINDOW_SIZE) {
        this.#offset = this.#filled;
        continue;
      }
      if (this.#filled >= this.#bytes.length) {
        this.#offset = this.#filled;
        break;
      }
      this.#fill();
    }
    return this.#bytes.subarray(start, this.#offset);
  }

  /** bufio.Reader.ReadRune: makes sure that the buffer holds a whole rune; false at the end of the text. */
  #fillRune(): boolean {
    const held = this.#filled - this.#offset;
    if (held < 4 && this.#filled < this.#bytes.length && !this.#holdsRune(held)) this.#fill();
    return this.#offset < this.#bytes.length;
  }

  #holdsRune(held: number): boolean {
    const first = this.#bytes[this.#offset] ?? 0;
    if (held === 0) return false;
    return held >= (first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4);
  }

  #fill(): void {
    this.#filled = Math.min(this.#bytes.length, this.#offset + WINDOW_SIZE);
  }

  #checkLineLength(): void {
    if (this.#filled - this.#offset < LINE_MAX) return;
    if (this.#nextLineEnd < this.#offset) this.#nextLineEnd = this.#findLineEnd();
    if (this.#nextLineEnd >= this.#offset + LINE_MAX) {
      throw new UnitSyntaxError(`line too long (max ${LINE_MAX} bytes)`);
    }
  }

  #findLineEnd(): number {
    for (let at = this.#offset; at < this.#bytes.length; at++) {
      if (this.#bytes[at] === NEWLINE || this.#bytes[at] === CARRIAGE_RETURN) return at;
    }
    return this.#bytes.length + LINE_MAX;
  }
}
