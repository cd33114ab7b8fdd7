import { isBlank, isBreak, isBreakOrEnd, isSpaceOrEnd } from './cursor.ts';
import type { Cursor, Mark } from './cursor.ts';

const PLUS = 0x2b;
const MINUS = 0x2d;
const HASH = 0x23;
const TAB = 0x09;
const SPACE = 0x20;
const COLON = 0x3a;
const SINGLE_QUOTE = 0x27;
const DOUBLE_QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Reads a literal or folded scalar, from its indicator to the start of the line that follows it (YAML 1.1 section 9.3).
 * `parentIndent` is the column of the enclosing block, -1 at the top. As in go-yaml, a last line that ends with the
 * text has no line break.
 */
export function scanBlockScalar(cursor: Cursor, literal: boolean, parentIndent: number): string {
  const start = cursor.mark;
  cursor.skip();
  const { chomping, increment } = scanBlockHeader(cursor, start);
  let indent = increment === 0 ? 0 : Math.max(parentIndent, 0) + increment;

  const leading = scanBlockBreaks(cursor, indent, parentIndent, start);
  indent = leading.indent;
  let breaks = leading.breaks;
  let text = '';
  let lastBreak = '';
  let lastIndented = false;
  while (cursor.column === indent && !cursor.ended) {
    const indented = isBlank(cursor.at());
    if (!literal && lastBreak === '\n' && !lastIndented && !indented) {
      if (breaks === '') text += ' ';
    } else {
      text += lastBreak;
    }
    text += breaks;
    lastIndented = indented;
    const end = cursor.lineEnd();
    text += cursor.text.slice(cursor.offset, end);
    cursor.skipTo(end);
    lastBreak = cursor.ended ? '' : cursor.skipBreak();
    breaks = scanBlockBreaks(cursor, indent, parentIndent, start).breaks;
  }
  if (chomping !== 'strip') text += lastBreak;
  if (chomping === 'keep') text += breaks;
  return text;
}

interface BlockHeader {
  readonly chomping: 'clip' | 'strip' | 'keep';
  /** Indentation that the header requires, 0 if it requires none. */
  readonly increment: number;
}

function scanBlockHeader(cursor: Cursor, start: Mark): BlockHeader {
  let chomping: BlockHeader['chomping'] = 'clip';
  let increment = 0;
  const scanChomping = () => {
    const code = cursor.at();
    if (code !== PLUS && code !== MINUS) return false;
    chomping = code === PLUS ? 'keep' : 'strip';
    cursor.skip();
    return true;
  };
  const scanIncrement = () => {
    const digit = cursor.at() - 0x30;
    if (!(digit >= 0 && digit <= 9)) return false;
    if (digit === 0) throw cursor.error('found an indentation indicator equal to 0', start);
    increment = digit;
    cursor.skip();
    return true;
  };
  if (scanChomping()) scanIncrement();
  else if (scanIncrement()) scanChomping();

  cursor.skipBlanks();
  if (cursor.at() === HASH) cursor.skipToLineEnd();
  if (!isBreakOrEnd(cursor.at())) throw cursor.error('did not find expected comment or line break', start);
  if (!cursor.ended) cursor.skipBreak();
  return { chomping, increment };
}

/** Skips indentation and empty lines, and finds the indentation of the block if it is not known yet (0). */
function scanBlockBreaks(cursor: Cursor, indent: number, parentIndent: number, start: Mark) {
  let breaks = '';
  let deepest = 0;
  for (;;) {
    while ((indent === 0 || cursor.column < indent) && cursor.at() === SPACE) cursor.skipBlank();
    deepest = Math.max(deepest, cursor.column);
    if ((indent === 0 || cursor.column < indent) && cursor.at() === TAB) {
      throw cursor.error('found a tab character where an indentation space is expected', start);
    }
    if (!isBreak(cursor.at())) break;
    breaks += cursor.skipBreak();
  }
  return { breaks, indent: indent === 0 ? Math.max(deepest, parentIndent + 1, 1) : indent };
}

/** Reads a quoted scalar with its quotes (YAML 1.1 sections 9.1.1 and 9.1.2): escapes resolved, lines folded. */
export function scanQuotedScalar(cursor: Cursor, quote: "'" | '"'): string {
  const start = cursor.mark;
  const single = quote === "'";
  const closing = single ? SINGLE_QUOTE : DOUBLE_QUOTE;
  cursor.skip();
  let text = '';
  for (;;) {
    if (cursor.seesDocumentMarker()) throw cursor.error('found unexpected document indicator', start);
    if (cursor.ended) throw cursor.error('found unexpected end of stream', start);

    let escapedBreak = false;
    for (;;) {
      let end = cursor.offset;
      let code = cursor.text.charCodeAt(end);
      while (!isSpaceOrEnd(code) && code !== closing && (single || code !== BACKSLASH)) {
        code = cursor.text.charCodeAt(++end);
      }
      if (end > cursor.offset) {
        text += cursor.text.slice(cursor.offset, end);
        cursor.skipTo(end);
      }
      if (code === SINGLE_QUOTE && single && cursor.at(1) === SINGLE_QUOTE) {
        text += "'";
        cursor.skip(2);
      } else if (code === BACKSLASH && !single && isBreak(cursor.at(1))) {
        cursor.skip();
        cursor.skipBreak();
        escapedBreak = true;
        break;
      } else if (code === BACKSLASH && !single) {
        text += scanEscape(cursor, start);
      } else {
        break;
      }
    }
    if (cursor.at() === closing) break;
    text += scanFlowSpace(cursor, escapedBreak);
  }
  cursor.skip();
  return text;
}

/** Reads blanks and line breaks inside a quoted scalar, and returns what they fold to. */
function scanFlowSpace(cursor: Cursor, afterEscapedBreak: boolean): string {
  const from = cursor.offset;
  let blanksEnd = from;
  let folding = afterEscapedBreak;
  let first = '';
  let others = '';
  for (let code = cursor.at(); isBlank(code) || isBreak(code); code = cursor.at()) {
    if (isBlank(code)) {
      cursor.skipBlank();
      if (!folding) blanksEnd = cursor.offset;
    } else if (folding) {
      others += cursor.skipBreak();
    } else {
      first = cursor.skipBreak();
      folding = true;
    }
  }
  if (!folding) return cursor.text.slice(from, blanksEnd);
  return fold(first, others);
}

/** YAML 1.1 section 5.4: one line feed becomes a space, several lose the first one; LS and PS are kept. */
function fold(first: string, others: string): string {
  if (first === '\n') return others === '' ? ' ' : others;
  return first + others;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '0': '\0',
  a: '\x07',
  b: '\b',
  t: '\t',
  '\t': '\t',
  n: '\n',
  v: '\v',
  f: '\f',
  r: '\r',
  e: '\x1b',
  ' ': ' ',
  '"': '"',
  "'": "'",
  '\\': '\\',
  N: '\x85',
  _: '\xa0',
  L: '\u2028',
  P: '\u2029',
};
const ESCAPE_DIGITS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

function scanEscape(cursor: Cursor, start: Mark): string {
  const letter = cursor.text.charAt(cursor.offset + 1);
  const digits = ESCAPE_DIGITS[letter];
  if (digits === undefined) {
    const plain = ESCAPES[letter];
    if (plain === undefined) throw cursor.error('found unknown escape character', start);
    cursor.skip(2);
    return plain;
  }
  cursor.skip(2);
  const code = cursor.text.slice(cursor.offset, cursor.offset + digits);
  if (code.length < digits || !/^[0-9A-Fa-f]+$/.test(code)) {
    throw cursor.error('did not find expected hexdecimal number', start);
  }
  const point = Number.parseInt(code, 16);
  if ((point >= 0xd800 && point <= 0xdfff) || point > 0x10ffff) {
    throw cursor.error('found invalid Unicode character escape code', start);
  }
  cursor.skip(digits);
  return String.fromCodePoint(point);
}

const FLOW_INDICATORS = new Set([...',?[]{}'].map((character) => character.charCodeAt(0)));

/** A plain scalar, and whether line breaks follow it, after which a new key may start. */
export interface PlainScalar {
  readonly text: string;
  readonly breaksFollow: boolean;
}

/**
 * Reads a plain scalar (YAML 1.1 section 9.1.3), over several lines while they are indented to `indent` or deeper.
 * Blanks and line breaks after it are consumed as well.
 */
export function scanPlainScalar(cursor: Cursor, indent: number, inFlow: boolean): PlainScalar {
  const start = cursor.mark;
  let text = '';
  let gap = '';
  let breaksFollow = false;
  for (;;) {
    if (cursor.seesDocumentMarker() || cursor.at() === HASH) break;
    let end = cursor.offset;
    let code = cursor.text.charCodeAt(end);
    while (
      !isSpaceOrEnd(code) &&
      !(code === COLON && isSpaceOrEnd(cursor.text.charCodeAt(end + 1))) &&
      !(inFlow && FLOW_INDICATORS.has(code))
    ) {
      code = cursor.text.charCodeAt(++end);
    }
    if (end > cursor.offset) {
      text += gap + cursor.text.slice(cursor.offset, end);
      breaksFollow = false;
      cursor.skipTo(end);
    }
    if (!isBlank(code) && !isBreak(code)) break;

    const from = cursor.offset;
    let first = '';
    let others = '';
    for (; isBlank(code) || isBreak(code); code = cursor.at()) {
      if (isBreak(code)) {
        if (breaksFollow) others += cursor.skipBreak();
        else first = cursor.skipBreak();
        breaksFollow = true;
      } else {
        if (breaksFollow && cursor.column < indent && code === TAB) {
          throw cursor.error('found a tab character that violates indentation', start);
        }
        cursor.skipBlank();
      }
    }
    gap = breaksFollow ? fold(first, others) : cursor.text.slice(from, cursor.offset);
    if (!inFlow && cursor.column < indent) break;
  }
  return { text, breaksFollow };
}
