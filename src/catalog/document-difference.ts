import { isDeepStrictEqual } from 'node:util';
import type { JsonObject, JsonValue } from '../provision/json-value.ts';

/** Keys whose own keys are compared one by one. */
const BY_KEY: ReadonlySet<string> = new Set(['labels', 'metadata']);

/** One field in which two documents of a machine differ. */
export interface FieldDifference {
  /** `address`, `labels.rack`. */
  readonly field: string;
  /** Undefined if the document does not have it. */
  readonly before: JsonValue | undefined;
  readonly after: JsonValue | undefined;
}

/** The fields in which two documents differ, by name. */
export function documentDifference(before: JsonObject, after: JsonObject): FieldDifference[] {
  return compare(before, after, (key) => key).flatMap((difference): FieldDifference[] => {
    const { field } = difference;
    if (!BY_KEY.has(field)) return [difference];
    return compare(objectOf(before[field]), objectOf(after[field]), (key) => `${field}.${key}`);
  });
}

function compare(before: JsonObject, after: JsonObject, name: (key: string) => string): FieldDifference[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return keys
    .filter((key) => !isDeepStrictEqual(before[key], after[key]))
    .map((key) => ({ field: name(key), before: before[key], after: after[key] }));
}

function objectOf(value: JsonValue | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}
