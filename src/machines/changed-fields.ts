import { isDeepStrictEqual } from 'node:util';
import type { JsonObject } from '../provision/json-value.ts';

/** The names of the fields in which two records differ, without values, which can be secrets. */
export function changedFields(before: JsonObject, after: JsonObject): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (name) => !isDeepStrictEqual(before[name], after[name]),
  );
}
