import type { JsonObject } from '../provision/json-value.ts';

declare const kind: unique symbol;

/** A moment as a column holds it, which each dialect does in its own way. */
export interface StoredTime {
  readonly [kind]: 'time';
}

/** A JSON document as a column holds it: its text. */
export type StoredJson = string & { readonly [kind]: 'json' };

/** How a dialect writes moments. They are wall-clock milliseconds since the epoch; `Infinity` is a time without end. */
export interface TimeColumn {
  encode(ms: number): StoredTime;
  decode(stored: StoredTime): number;
}

/** As PostgreSQL's type `json`, and unlike `jsonb`, the text keeps the order of the keys and takes every character. */
export function encodeJson(value: JsonObject): StoredJson {
  return JSON.stringify(value) as StoredJson;
}

/** Throws a SyntaxError if the text is damaged. */
export function decodeJson(stored: StoredJson): JsonObject {
  return JSON.parse(stored) as JsonObject;
}
