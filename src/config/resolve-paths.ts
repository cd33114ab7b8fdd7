import path from 'node:path';
import { z } from 'zod';

/** SQLite's name for a database in memory. */
const MEMORY = ':memory:';

/**
 * Makes the paths in validated settings absolute: the values whose schema has the mark of `filePath`. `baseOf` returns
 * the folder to which the value at a place in the settings is relative.
 */
export function resolvePaths<T>(
  schema: z.ZodType<T>,
  settings: T,
  baseOf: (at: readonly PropertyKey[]) => string,
): T {
  return resolve(schema, settings, [], baseOf) as T;
}

function resolve(
  schema: z.core.$ZodType,
  value: unknown,
  at: readonly PropertyKey[],
  baseOf: (at: readonly PropertyKey[]) => string,
): unknown {
  if (typeof value === 'string') {
    const isPath = z.globalRegistry.get(schema)?.['isPath'] === true;
    if (isPath) return value === MEMORY ? value : path.resolve(baseOf(at), value);
  }
  const { def } = (schema as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case 'object': {
      if (typeof value !== 'object' || value === null) return value;
      const entries = Object.entries(value as Record<string, unknown>).map(([key, inner]) => {
        const property = def.shape[key];
        const resolved: unknown =
          property === undefined ? inner : resolve(property, inner, [...at, key], baseOf);
        return [key, resolved] as const;
      });
      return Object.fromEntries(entries);
    }
    case 'array':
      if (!Array.isArray(value)) return value;
      return (value as unknown[]).map((inner, index) => resolve(def.element, inner, [...at, index], baseOf));
    case 'union':
      return def.options.reduce((resolved, option) => resolve(option, resolved, at, baseOf), value);
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
      return resolve(def.innerType, value, at, baseOf);
    default:
      return value;
  }
}
