import { Cursor, isBlank, isBreak, isSpaceOrEnd, isWord } from './cursor.ts';
import type { Mark } from './cursor.ts';
import { scanDirective } from './scan-directive.ts';
import { scanBlockScalar, scanPlainScalar, scanQuotedScalar } from './scan-scalar.ts';
import { scanTag } from './scan-tag.ts';
import type { ScalarStyle, Token, TokenType } from './token.ts';

/** Deepest nesting of blocks, and of flow collections, as in go-yaml. */
const MAX_DEPTH = 10_000;
/** Number of columns within which the colon of an implicit key must follow (YAML 1.1 section 4.2.3). */
const MAX_KEY_COLUMNS = 1024;
/** Number of characters that are searched for a comment after a token or a comment, as in go-yaml. */
const MAX_COMMENT_GAP = 512;

/** A place where an implicit key may have begun, which only a following colon confirms. */
interface PossibleKey {
  readonly line: number;
  readonly column: number;
  /** Number of the token that the key begins with, counted from the start of the stream. */
  readonly token: number;
  /** Whether only a key is allowed there. */
  readonly required: boolean;
}

const TAB = 0x09;
const SPACE = 0x20;
const HASH = 0x23;
const BEGINS_NO_PLAIN_SCALAR = new Set(
  [...'-?:,[]{}#&*!|>\'"%@`'].map((character) => character.charCodeAt(0)),
);

/**
 * Turns YAML 1.1 text into tokens, with the behaviour of go-yaml (a translation of libyaml): how far it looks ahead,
 * where tabs are allowed, which errors come first. Work and memory are proportional to the text.
 */
export class Scanner {
  readonly #cursor: Cursor;
  #tokens: Token[] = [];
  #head = 0;
  /** Whether the first token of the queue can be taken: enough tokens follow it, and it can no longer begin a key. */
  #headIsSettled = false;
  /** Tokens taken from the queue. */
  #taken = 0;
  #flowLevel = 0;
  /** Column of the current block, -1 at the top. */
  #indent = -1;
  readonly #outerIndents: number[] = [];
  #keyAllowed = true;
  /** The possible key of each flow level, starting with the block context. */
  readonly #possibleKeys: (PossibleKey | undefined)[] = [undefined];
  /** The level of each possible key, by the number of its token. */
  readonly #keyLevels = new Map<number, number>();

  constructor(text: string) {
    this.#cursor = new Cursor(text);
  }

  /**
   * The next token; throws YamlError if the text does not form one. After the end of the stream it is always
   * `stream-end`.
   */
  peek(): Token {
    // go-yaml reads two tokens ahead for its comments, so errors appear that much earlier.
    if (!this.#headIsSettled) {
      while (this.#head + 2 >= this.#tokens.length || this.#mayBecomeKey()) this.#scanToken();
      this.#headIsSettled = true;
    }
    const token = this.#tokens[this.#head];
    if (!token) throw new Error('The token queue is empty.');
    return token;
  }

  /** Removes from the queue the token that `peek` returned. */
  next(): void {
    this.#headIsSettled = false;
    this.#head++;
    this.#taken++;
    if (this.#head < 256) return;
    this.#tokens = this.#tokens.slice(this.#head);
    this.#head = 0;
  }

  /** Whether the first token of the queue may still begin an implicit key. */
  #mayBecomeKey(): boolean {
    const level = this.#keyLevels.get(this.#taken);
    return level !== undefined && this.#validKey(level) !== undefined;
  }

  #scanToken(): void {
    const cursor = this.#cursor;
    const { line, column } = cursor;
    this.#skipToToken();
    if (this.#indent > cursor.column) this.#closeBlocks(cursor.column, { line, column });

    if (cursor.ended) {
      this.#scanStreamEnd();
    } else if (cursor.column === 0 && cursor.sees('%')) {
      this.#scanDirective();
    } else if (cursor.seesDocumentMarker()) {
      this.#scanDocumentMarker();
    } else {
      this.#scanContent();
      // The dash of an entry has no comment of its own.
      if (this.#tokens.at(-1)?.type !== 'block-entry') this.#skipCommentBehindToken();
    }
  }

  #scanContent(): void {
    const cursor = this.#cursor;
    const code = cursor.at();
    const next = cursor.at(1);
    switch (cursor.text.charAt(cursor.offset)) {
      case '[':
        this.#openFlow('flow-sequence-start');
        return;
      case '{':
        this.#openFlow('flow-mapping-start');
        return;
      case ']':
        this.#closeFlow('flow-sequence-end');
        return;
      case '}':
        this.#closeFlow('flow-mapping-end');
        return;
      case ',':
        this.#dropPossibleKey();
        this.#keyAllowed = true;
        this.#addIndicator('flow-entry');
        return;
      case '*':
        this.#scanAnchor('alias');
        return;
      case '&':
        this.#scanAnchor('anchor');
        return;
      case '!':
        this.#scanTag();
        return;
      case "'":
      case '"':
        this.#scanQuoted(code === 0x27 ? "'" : '"');
        return;
      case '-':
        if (isSpaceOrEnd(next)) this.#scanBlockEntry();
        else this.#scanPlain();
        return;
      case '?':
        if (this.#flowLevel > 0 || isSpaceOrEnd(next)) this.#scanKey();
        else this.#scanPlain();
        return;
      case ':':
        if (this.#flowLevel > 0 || isSpaceOrEnd(next)) this.#scanValue();
        else this.#scanPlain();
        return;
      case '|':
      case '>':
        if (this.#flowLevel > 0) break;
        this.#scanBlock(code === 0x7c);
        return;
      default:
    }
    if (isSpaceOrEnd(code) || BEGINS_NO_PLAIN_SCALAR.has(code)) {
      throw cursor.error('found character that cannot start any token');
    }
    this.#scanPlain();
  }

  /** Skips blanks, comments and line breaks. Tabs are skipped only where no block can begin after them. */
  #skipToToken(): void {
    const cursor = this.#cursor;
    for (;;) {
      const tabsAllowed = this.#flowLevel > 0 || !this.#keyAllowed;
      let code = cursor.at();
      while (code === SPACE || (tabsAllowed && code === TAB)) {
        cursor.skipBlank();
        code = cursor.at();
      }
      if (code === HASH) this.#skipComments();
      if (!isBreak(cursor.at())) return;
      cursor.skipBreak();
      if (this.#flowLevel === 0) this.#keyAllowed = true;
    }
  }

  /** Skips a comment, and comments on the following lines, regardless of blanks before those. */
  #skipComments(): void {
    const cursor = this.#cursor;
    for (;;) {
      cursor.skipToLineEnd();
      let gap = 0;
      while (gap < MAX_COMMENT_GAP && (isBlank(cursor.at(gap)) || isBreak(cursor.at(gap)))) gap++;
      if (gap >= MAX_COMMENT_GAP || cursor.at(gap) !== HASH) return;
      const comment = cursor.offset + gap;
      while (cursor.offset < comment) {
        if (isBreak(cursor.at())) cursor.skipBreak();
        else cursor.skipBlank();
      }
    }
  }

  #skipCommentBehindToken(): void {
    const cursor = this.#cursor;
    if (cursor.breaksBehind > 0) return;
    let gap = 0;
    while (gap < MAX_COMMENT_GAP && isBlank(cursor.at(gap))) gap++;
    if (gap < MAX_COMMENT_GAP && cursor.at(gap) === HASH) cursor.skipToLineEnd();
  }

  #add(type: TokenType, at: Mark, width: number, value = '', suffix = '', style: ScalarStyle = 'plain') {
    this.#tokens.push({ type, line: at.line, column: at.column, width, value, suffix, style });
  }

  /** Inserts a token that follows only from the layout before the one with the given number. */
  #insert(type: TokenType, at: Mark, number: number): void {
    const token: Token = {
      type,
      line: at.line,
      column: at.column,
      width: 0,
      value: '',
      suffix: '',
      style: 'plain',
    };
    this.#tokens.splice(this.#head + number - this.#taken, 0, token);
  }

  #addIndicator(type: TokenType): void {
    const { mark } = this.#cursor;
    this.#cursor.skip();
    this.#add(type, mark, 1);
  }

  /** Number of the next token that will be added. */
  get #nextNumber(): number {
    return this.#taken + this.#tokens.length - this.#head;
  }

  #scanStreamEnd(): void {
    const cursor = this.#cursor;
    // The end of the text ends the last line too.
    if (cursor.column !== 0) {
      cursor.column = 0;
      cursor.line++;
    }
    this.#leaveBlocks();
    this.#add('stream-end', cursor.mark, 0);
  }

  #leaveBlocks(): void {
    this.#closeBlocks(-1, this.#cursor.mark);
    this.#dropPossibleKey();
    this.#keyAllowed = false;
  }

  #scanDirective(): void {
    const { mark } = this.#cursor;
    this.#leaveBlocks();
    const directive = scanDirective(this.#cursor);
    if (directive.kind === 'version') this.#add('version-directive', mark, 0, directive.version);
    else this.#add('tag-directive', mark, 0, directive.handle, directive.prefix);
  }

  #scanDocumentMarker(): void {
    const { mark } = this.#cursor;
    const type = this.#cursor.sees('-') ? 'document-start' : 'document-end';
    this.#leaveBlocks();
    this.#cursor.skip(3);
    this.#add(type, mark, 3);
  }

  #openFlow(type: TokenType): void {
    this.#savePossibleKey();
    this.#possibleKeys.push(undefined);
    this.#flowLevel++;
    if (this.#flowLevel > MAX_DEPTH) throw this.#cursor.error(`exceeded max depth of ${MAX_DEPTH}`);
    this.#keyAllowed = true;
    this.#addIndicator(type);
  }

  #closeFlow(type: TokenType): void {
    this.#dropPossibleKey();
    if (this.#flowLevel > 0) {
      this.#flowLevel--;
      this.#possibleKeys.pop();
    }
    this.#keyAllowed = false;
    this.#addIndicator(type);
  }

  #scanBlockEntry(): void {
    const cursor = this.#cursor;
    if (this.#flowLevel === 0) {
      if (!this.#keyAllowed) throw cursor.error('block sequence entries are not allowed in this context');
      this.#openBlock('block-sequence-start', cursor, this.#nextNumber);
    }
    this.#dropPossibleKey();
    this.#keyAllowed = true;
    this.#addIndicator('block-entry');
  }

  #scanKey(): void {
    const cursor = this.#cursor;
    if (this.#flowLevel === 0) {
      if (!this.#keyAllowed) throw cursor.error('mapping keys are not allowed in this context');
      this.#openBlock('block-mapping-start', cursor, this.#nextNumber);
    }
    this.#dropPossibleKey();
    this.#keyAllowed = this.#flowLevel === 0;
    this.#addIndicator('key');
  }

  #scanValue(): void {
    const cursor = this.#cursor;
    const key = this.#validKey(this.#possibleKeys.length - 1);
    if (key) {
      this.#insert('key', key, key.token);
      this.#openBlock('block-mapping-start', key, key.token);
      this.#forgetKey(this.#possibleKeys.length - 1);
      this.#keyAllowed = false;
    } else {
      if (this.#flowLevel === 0) {
        if (!this.#keyAllowed) throw cursor.error('mapping values are not allowed in this context');
        this.#openBlock('block-mapping-start', cursor, this.#nextNumber);
      }
      this.#keyAllowed = this.#flowLevel === 0;
    }
    this.#addIndicator('value');
  }

  #scanAnchor(type: 'anchor' | 'alias'): void {
    const cursor = this.#cursor;
    this.#savePossibleKey();
    this.#keyAllowed = false;
    const { mark } = cursor;
    let length = 1;
    while (isWord(cursor.at(length))) length++;
    const name = cursor.text.slice(cursor.offset + 1, cursor.offset + length);
    cursor.skip(length);
    if (
      name === '' ||
      !(isSpaceOrEnd(cursor.at()) || /[?:,\]}%@`]/.test(cursor.text.charAt(cursor.offset)))
    ) {
      throw cursor.error('did not find expected alphabetic or numeric character', mark);
    }
    this.#add(type, mark, length, name);
  }

  #scanTag(): void {
    const cursor = this.#cursor;
    this.#savePossibleKey();
    this.#keyAllowed = false;
    const { mark } = cursor;
    const { handle, suffix } = scanTag(cursor);
    if (!isSpaceOrEnd(cursor.at()))
      throw cursor.error('did not find expected whitespace or line break', mark);
    this.#add('tag', mark, 0, handle, suffix);
  }

  #scanBlock(literal: boolean): void {
    this.#dropPossibleKey();
    this.#keyAllowed = true;
    const { mark } = this.#cursor;
    const text = scanBlockScalar(this.#cursor, literal, this.#indent);
    this.#add('scalar', mark, 0, text, '', literal ? 'literal' : 'folded');
  }

  #scanQuoted(quote: "'" | '"'): void {
    this.#savePossibleKey();
    this.#keyAllowed = false;
    const { mark } = this.#cursor;
    const text = scanQuotedScalar(this.#cursor, quote);
    this.#add('scalar', mark, 0, text, '', quote === "'" ? 'single-quoted' : 'double-quoted');
  }

  #scanPlain(): void {
    this.#savePossibleKey();
    this.#keyAllowed = false;
    const { mark } = this.#cursor;
    const { text, breaksFollow } = scanPlainScalar(this.#cursor, this.#indent + 1, this.#flowLevel > 0);
    if (breaksFollow) this.#keyAllowed = true;
    this.#add('scalar', mark, 0, text);
  }

  /** Enters a block, if the column is deeper than the current one. In flow collections there are none. */
  #openBlock(type: TokenType, at: Mark, number: number): void {
    if (this.#flowLevel > 0 || this.#indent >= at.column) return;
    this.#outerIndents.push(this.#indent);
    this.#indent = at.column;
    if (this.#outerIndents.length > MAX_DEPTH) throw this.#cursor.error(`exceeded max depth of ${MAX_DEPTH}`);
    this.#insert(type, at, number);
  }

  /** Ends the blocks that are deeper than a column. */
  #closeBlocks(column: number, at: Mark): void {
    if (this.#flowLevel > 0) return;
    while (this.#indent > column) {
      this.#add('block-end', at, 0);
      this.#indent = this.#outerIndents.pop() ?? -1;
    }
  }

  #savePossibleKey(): void {
    const { line, column } = this.#cursor;
    if (!this.#keyAllowed) return;
    const required = this.#flowLevel === 0 && this.#indent === column;
    this.#dropPossibleKey();
    const token = this.#nextNumber;
    const level = this.#possibleKeys.length - 1;
    this.#possibleKeys[level] = { line, column, token, required };
    this.#keyLevels.set(token, level);
  }

  /** Drops the possible key of the current level; an error if only a key is allowed there. */
  #dropPossibleKey(): void {
    const level = this.#possibleKeys.length - 1;
    const key = this.#possibleKeys[level];
    if (!key) return;
    if (key.required) throw this.#cursor.error("could not find expected ':'", key);
    this.#forgetKey(level);
  }

  #forgetKey(level: number): void {
    const key = this.#possibleKeys[level];
    if (key) this.#keyLevels.delete(key.token);
    this.#possibleKeys[level] = undefined;
  }

  /** The possible key of a level, unless the cursor is already too far from it. */
  #validKey(level: number): PossibleKey | undefined {
    const key = this.#possibleKeys[level];
    if (!key) return undefined;
    const { line, column } = this.#cursor;
    if (key.line === line && key.column + MAX_KEY_COLUMNS >= column) return key;
    if (key.required) throw this.#cursor.error("could not find expected ':'", key);
    this.#forgetKey(level);
    return undefined;
  }
}
