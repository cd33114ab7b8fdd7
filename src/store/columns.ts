import type { JsonObject } from '../provision/json-value.ts';

declare const kind: unique symbol;

/** A time in the form of a column, which differs by dialect. */
export interface StoredTime {
  readonly [kind]: 'time';
}

/** A JSON document in the form of a column: its text. */
export type StoredJson = string & { readonly [kind]: 'json' };

/** How a dialect stores times. They are wall-clock milliseconds since the epoch; `Infinity` means without end. */
export interface TimeColumn {
  encode(ms: number): StoredTime;
  decode(stored: StoredTime): number;
}

/** In PostgreSQL's type `json`, unlike `jsonb`, the text keeps the order of the keys and accepts every character. */
export function encodeJson(value: JsonObject): StoredJson {
  return JSON.stringify(value) as StoredJson;
}

/** Throws a SyntaxError if the text is damaged. */
export function decodeJson(stored: StoredJson): JsonObject {
  return JSON.parse(stored) as JsonObject;
}
