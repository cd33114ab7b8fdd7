import type { JsonObject, JsonValue } from '../provision/json-value.ts';

/**
 * Applies a JSON merge patch (RFC 7396 section 2): a value replaces another one, an object is merged key by key, and
 * null removes a key.
 */
export function mergePatch(target: JsonValue | undefined, patch: JsonValue): JsonValue {
  if (!isObject(patch)) return patch;
  // Without a prototype a key named __proto__ is one as any other.
  const merged = Object.assign(Object.create(null) as Record<string, JsonValue>, isObject(target) && target);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = mergePatch(merged[key], value);
  }
  return Object.fromEntries(Object.entries(merged));
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
