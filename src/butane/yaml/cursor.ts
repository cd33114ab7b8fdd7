import { YamlError } from './yaml-error.ts';

/** A place in the text, counted from 0; columns are counted in code points, as go-yaml does. */
export interface Mark {
  readonly line: number;
  readonly column: number;
}

const TAB = 0x09;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
const NEXT_LINE = 0x85;
const LINE_SEPARATOR = 0x2028;
const PARAGRAPH_SEPARATOR = 0x2029;

/** Whether a character code is a space or a tab. */
export function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}

/** Whether a character code ends a line in YAML 1.1: LF, CR, NEL, LS or PS. */
export function isBreak(code: number): boolean {
  // Nearly all characters are in this range.
  if (code > CARRIAGE_RETURN && code < NEXT_LINE) return false;
  return (
    code === LINE_FEED ||
    code === CARRIAGE_RETURN ||
    code === NEXT_LINE ||
    code === LINE_SEPARATOR ||
    code === PARAGRAPH_SEPARATOR
  );
}

/** Whether a character code ends a line, or is NaN: the end of the text. */
export function isBreakOrEnd(code: number): boolean {
  return isBreak(code) || Number.isNaN(code);
}

/** Whether a character code is blank, ends a line or the text. */
export function isSpaceOrEnd(code: number): boolean {
  if (code > SPACE && code < NEXT_LINE) return false;
  return isBlank(code) || isBreakOrEnd(code);
}

/** Whether a character code may stand in an anchor, a directive name or a tag handle: `[0-9A-Za-z_-]`. */
export function isWord(code: number): boolean {
  return (
    (code >= 0x30 && code <= 0x39) ||
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x61 && code <= 0x7a) ||
    code === 0x5f ||
    code === 0x2d
  );
}

/** A position in a text, with its line and column. */
export class Cursor implements Mark {
  readonly text: string;
  offset = 0;
  line = 0;
  column = 0;
  /** Line breaks since the last character that is not blank: 0 while the current line has one. */
  breaksBehind = 0;
  readonly #hasPairs: boolean;

  constructor(text: string) {
    this.text = text;
    this.#hasPairs = /[\ud800-\udbff]/.test(text);
  }

  /** The character code this many units ahead, NaN after the end. */
  at(ahead = 0): number {
    return this.text.charCodeAt(this.offset + ahead);
  }

  /** Whether the text continues with the given characters. */
  sees(characters: string): boolean {
    return this.text.startsWith(characters, this.offset);
  }

  /** Whether the text continues with `---` or `...` as a document marker; only meaningful in column 0. */
  seesDocumentMarker(): boolean {
    return this.column === 0 && (this.sees('---') || this.sees('...')) && isSpaceOrEnd(this.at(3));
  }

  get mark(): Mark {
    return { line: this.line, column: this.column };
  }

  get ended(): boolean {
    return this.offset >= this.text.length;
  }

  /** Moves over characters of the current line; none of them may end it. */
  skipTo(offset: number): void {
    this.column += this.#hasPairs ? countCodePoints(this.text, this.offset, offset) : offset - this.offset;
    this.offset = offset;
    this.breaksBehind = 0;
  }

  /** Moves over one or more characters of the current line. */
  skip(count = 1): void {
    this.skipTo(this.offset + count);
  }

  /** Moves over a run of spaces and tabs. */
  skipBlanks(): void {
    while (isBlank(this.at())) this.skipBlank();
  }

  /** Moves over one space or tab, which leaves `breaksBehind` as it is. */
  skipBlank(): void {
    this.offset++;
    this.column++;
  }

  /** Moves to the end of the current line. */
  skipToLineEnd(): void {
    const end = this.lineEnd();
    if (end > this.offset) this.skipTo(end);
  }

  /** The offset at which the current line ends. */
  lineEnd(): number {
    let end = this.offset;
    while (!isBreakOrEnd(this.text.charCodeAt(end))) end++;
    return end;
  }

  /** Moves over a line break and returns it normalised: LS and PS as they are, everything else as LF. */
  skipBreak(): string {
    const code = this.at();
    this.offset += code === CARRIAGE_RETURN && this.at(1) === LINE_FEED ? 2 : 1;
    this.line++;
    this.column = 0;
    this.breaksBehind++;
    return code === LINE_SEPARATOR || code === PARAGRAPH_SEPARATOR ? String.fromCharCode(code) : '\n';
  }

  /**
   * The error for text that is not a valid token. It names the line where the construct started, or where the problem
   * is if that is the first line, and no line at all for the first, as go-yaml does.
   */
  error(problem: string, start: Mark = this): YamlError {
    const line = start.line !== 0 ? start.line : this.line;
    const place = { line: this.line + 1, col: this.column + 1 };
    return new YamlError(line === 0 ? problem : `line ${line + 1}: ${problem}`, place);
  }
}

function countCodePoints(text: string, start: number, end: number): number {
  let count = end - start;
  for (let offset = start; offset < end; offset++) {
    const code = text.charCodeAt(offset);
    if (code >= 0xd800 && code <= 0xdbff) count--;
  }
  return count;
}
