/** A value that JSON can carry: what metadata in YAML files, REST bodies and templates consist of. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;

/** An object of JSON values. */
export interface JsonObject {
  readonly [key: string]: JsonValue;
}
