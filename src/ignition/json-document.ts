import { decodeUtf8, quoteCharacter } from './go-text.ts';

/**
 * A JSON parser that keeps information which JSON.parse loses and Ignition's reports and semantics need: the place of
 * every value, repeated keys, the text of numbers. It accepts exactly the texts that Go's encoding/json accepts, and
 * words errors like it. It does not recurse, and its time is linear in the length of the input.
 */

/** A value, with the offset of its first byte and of the byte after its last. */
export type JsonNode = JsonObject | JsonArray | JsonString | JsonNumber | JsonLiteral;

export interface JsonObject {
  readonly kind: 'object';
  readonly start: number;
  end: number;
  /** In document order, repeated keys included. */
  readonly members: JsonMember[];
  /** The last member of each key; built when a large object is first searched. */
  index?: Map<string, JsonMember>;
}

export interface JsonMember {
  readonly key: string;
  readonly keyStart: number;
  readonly value: JsonNode;
}

export interface JsonArray {
  readonly kind: 'array';
  readonly start: number;
  end: number;
  readonly items: JsonNode[];
}

export interface JsonString {
  readonly kind: 'string';
  readonly start: number;
  readonly end: number;
  readonly value: string;
}

export interface JsonNumber {
  readonly kind: 'number';
  readonly start: number;
  readonly end: number;
  /** The number as written. */
  readonly text: string;
}

export interface JsonLiteral {
  readonly kind: 'true' | 'false' | 'null';
  readonly start: number;
  readonly end: number;
}

/** A parsed document. */
export interface JsonDocument {
  readonly root: JsonNode;
  /** False if a number exceeds a float64: Ignition then parses the configuration but loses all positions. */
  readonly positioned: boolean;
}

/** The only error of `parseJson`: the text is not JSON. */
export class JsonSyntaxError extends Error {
  override readonly name = 'JsonSyntaxError';
  /** Number of bytes read when the error was found, including the offending one. */
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

/** Deepest nesting that encoding/json accepts. */
const DEPTH_MAX = 10_000;

/** Objects with more members than this are searched with an index. */
const SEARCHED_DIRECTLY_MAX = 16;

/** Parses one JSON document; throws JsonSyntaxError, worded and placed as encoding/json does. */
export function parseJson(input: Uint8Array): JsonDocument {
  return new JsonParser(Buffer.from(input.buffer, input.byteOffset, input.byteLength)).parse();
}

/** Finds the member of a key, the last one if the key is repeated. */
export function findMember(object: JsonObject, key: string): JsonMember | undefined {
  if (object.members.length <= SEARCHED_DIRECTLY_MAX) {
    return object.members.findLast((member) => member.key === key);
  }
  object.index ??= new Map(object.members.map((member) => [member.key, member]));
  return object.index.get(key);
}

/** What the parser expects next. */
type State = 'value' | 'first key' | 'key' | 'first item' | 'after value';

/** The bytes that have a meaning in JSON. */
const BYTE_OF = {
  quote: 0x22,
  comma: 0x2c,
  colon: 0x3a,
  backslash: 0x5c,
  openObject: 0x7b,
  closeObject: 0x7d,
  openArray: 0x5b,
  closeArray: 0x5d,
} as const;

class JsonParser {
  readonly #bytes: Buffer;
  #offset = 0;
  #positioned = true;
  #state: State = 'value';
  #root: JsonNode | undefined;
  /** The objects and arrays that are not closed yet, the outermost first. */
  readonly #open: (JsonObject | JsonArray)[] = [];
  /** The key whose value is expected. */
  #key = '';
  #keyStart = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  parse(): JsonDocument {
    for (;;) {
      this.#skipSpace();
      const byte = this.#bytes[this.#offset];
      if (this.#root && this.#open.length === 0) {
        if (byte === undefined) return { root: this.#root, positioned: this.#positioned };
        this.#fail('after top-level value');
      }
      if (byte === undefined) this.#failAtEnd();
      if (this.#state === 'after value') this.#continueContainer(byte);
      else if (this.#state === 'first key' && byte === BYTE_OF.closeObject) this.#closeContainer();
      else if (this.#state === 'first item' && byte === BYTE_OF.closeArray) this.#closeContainer();
      else if (this.#state === 'first key' || this.#state === 'key') this.#parseKey(byte);
      else this.#addValue(this.#parseValue(byte));
    }
  }

  /** Reads the comma after a value, or the bracket that closes its object or array. */
  #continueContainer(byte: number): void {
    const inObject = this.#open.at(-1)?.kind === 'object';
    if (byte === (inObject ? BYTE_OF.closeObject : BYTE_OF.closeArray)) {
      this.#closeContainer();
    } else if (byte === BYTE_OF.comma) {
      this.#offset++;
      this.#state = inObject ? 'key' : 'value';
    } else {
      this.#fail(inObject ? 'after object key:value pair' : 'after array element');
    }
  }

  #closeContainer(): void {
    this.#offset++;
    const closed = this.#open.pop();
    if (closed) closed.end = this.#offset;
    this.#state = 'after value';
  }

  #parseKey(byte: number): void {
    if (byte !== BYTE_OF.quote) this.#fail('looking for beginning of object key string');
    this.#keyStart = this.#offset;
    this.#key = this.#parseString();
    this.#skipSpace();
    if (this.#bytes[this.#offset] !== BYTE_OF.colon) this.#fail('after object key');
    this.#offset++;
    this.#state = 'value';
  }

  #addValue(value: JsonNode): void {
    const parent = this.#open.at(-1);
    if (parent?.kind === 'object') parent.members.push({ key: this.#key, keyStart: this.#keyStart, value });
    else if (parent) parent.items.push(value);
    else this.#root = value;
    if (value.kind === 'object' || value.kind === 'array') {
      this.#open.push(value);
      this.#state = value.kind === 'object' ? 'first key' : 'first item';
    } else {
      this.#state = 'after value';
    }
  }

  /** Parses a scalar, or the opening bracket of an object or array. */
  #parseValue(byte: number): JsonNode {
    const start = this.#offset;
    switch (byte) {
      case BYTE_OF.openObject:
      case BYTE_OF.openArray:
        if (this.#open.length >= DEPTH_MAX) this.#fail('exceeded max depth');
        this.#offset++;
        return byte === BYTE_OF.openObject
          ? { kind: 'object', start, end: start, members: [] }
          : { kind: 'array', start, end: start, items: [] };
      case BYTE_OF.quote: {
        const value = this.#parseString();
        return { kind: 'string', start, end: this.#offset, value };
      }
      case 't'.charCodeAt(0):
        return this.#parseLiteral('true');
      case 'f'.charCodeAt(0):
        return this.#parseLiteral('false');
      case 'n'.charCodeAt(0):
        return this.#parseLiteral('null');
      default:
        if (byte !== 0x2d && !isDigit(byte)) this.#fail('looking for beginning of value');
        return this.#parseNumber();
    }
  }

  #parseLiteral(kind: JsonLiteral['kind']): JsonLiteral {
    const start = this.#offset++;
    for (let index = 1; index < kind.length; index++, this.#offset++) {
      if (this.#bytes[this.#offset] === kind.charCodeAt(index)) continue;
      this.#fail(`in literal ${kind} (expecting ${quoteCharacter(kind.charAt(index))})`, ' ');
    }
    return { kind, start, end: this.#offset };
  }

  #parseNumber(): JsonNumber {
    const start = this.#offset;
    if (this.#bytes[this.#offset] === 0x2d) this.#offset++;
    if (this.#bytes[this.#offset] === 0x30) this.#offset++;
    else this.#skipDigits('in numeric literal');
    if (this.#bytes[this.#offset] === 0x2e) {
      this.#offset++;
      this.#skipDigits('after decimal point in numeric literal');
    }
    if (this.#bytes[this.#offset] === 0x65 || this.#bytes[this.#offset] === 0x45) {
      this.#offset++;
      if (this.#bytes[this.#offset] === 0x2b || this.#bytes[this.#offset] === 0x2d) this.#offset++;
      this.#skipDigits('in exponent of numeric literal');
    }
    const text = this.#bytes.toString('latin1', start, this.#offset);
    // Whole numbers of up to 300 digits cannot exceed a float64.
    if (text.length > 300 || /[eE]/.test(text)) this.#positioned &&= Number.isFinite(Number(text));
    return { kind: 'number', start, end: this.#offset, text };
  }

  #skipDigits(context: string): void {
    if (!isDigit(this.#bytes[this.#offset])) this.#fail(context, ' ');
    while (isDigit(this.#bytes[this.#offset])) this.#offset++;
  }

  /** Parses the string at the offset; lone surrogates and invalid UTF-8 become U+FFFD. */
  #parseString(): string {
    const bytes = this.#bytes;
    let text = '';
    let from = ++this.#offset;
    let ascii = true;
    const flush = (to: number): void => {
      if (to > from)
        text += ascii ? bytes.toString('latin1', from, to) : decodeUtf8(bytes.subarray(from, to));
    };
    for (;;) {
      const byte = bytes[this.#offset];
      if (byte === undefined) this.#failAtEnd();
      if (byte === BYTE_OF.quote) {
        flush(this.#offset++);
        return text;
      }
      if (byte < 0x20) this.#fail('in string literal');
      if (byte === BYTE_OF.backslash) {
        flush(this.#offset++);
        text += this.#parseEscape();
        from = this.#offset;
        ascii = true;
        continue;
      }
      if (byte >= 0x80) ascii = false;
      this.#offset++;
    }
  }

  #parseEscape(): string {
    const byte = this.#bytes[this.#offset];
    if (byte === undefined) this.#fail('in string escape code', ' ');
    const simple = ESCAPES[String.fromCharCode(byte)];
    if (simple !== undefined) {
      this.#offset++;
      return simple;
    }
    if (byte !== 0x75) this.#fail('in string escape code');
    this.#offset++;
    const unit = this.#parseHex4();
    if ((unit & 0xf800) !== 0xd800) return String.fromCharCode(unit);
    const paired =
      unit < 0xdc00 &&
      this.#bytes[this.#offset] === BYTE_OF.backslash &&
      this.#bytes[this.#offset + 1] === 0x75;
    if (!paired) return '\ufffd';
    const before = this.#offset;
    this.#offset += 2;
    const second = this.#parseHex4();
    if ((second & 0xfc00) === 0xdc00) return String.fromCharCode(unit, second);
    this.#offset = before;
    return '\ufffd';
  }

  #parseHex4(): number {
    let value = 0;
    for (let digit = 0; digit < 4; digit++, this.#offset++) {
      const byte = this.#bytes[this.#offset];
      if (byte === undefined) this.#fail('in \\u hexadecimal character escape', ' ');
      const nibble = hexDigit(byte);
      if (nibble < 0) this.#fail('in \\u hexadecimal character escape');
      value = value * 16 + nibble;
    }
    return value;
  }

  #skipSpace(): void {
    for (;;) {
      const byte = this.#bytes[this.#offset];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return;
      this.#offset++;
    }
  }

  #failAtEnd(): never {
    throw new JsonSyntaxError('unexpected end of JSON input', this.#bytes.length);
  }

  /** Fails at the current byte; at the end of the input as encoding/json does, as if the character `atEnd` followed. */
  #fail(context: string, atEnd?: string): never {
    const byte = this.#bytes[this.#offset];
    if (byte === undefined && atEnd === undefined) this.#failAtEnd();
    const character = byte === undefined ? (atEnd ?? '') : String.fromCharCode(byte);
    const offset = Math.min(this.#offset + 1, this.#bytes.length);
    throw new JsonSyntaxError(`invalid character ${quoteCharacter(character)} ${context}`, offset);
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

function hexDigit(byte: number): number {
  if (isDigit(byte)) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
