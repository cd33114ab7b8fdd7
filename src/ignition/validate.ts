import type { Config, ConfigObject, ConfigValue } from './config.ts';
import type { Entry } from './report.ts';
import { RULES } from './rules.ts';
import { schemaOf } from './schema.ts';
import type { StructSchema } from './schema.ts';
import { specMinor } from './spec-version.ts';
import type { SpecVersion } from './spec-version.ts';
import { ValidationContext } from './validation-context.ts';
import type { ValidationOptions } from './validation-context.ts';

/**
 * Validates a configuration, parsed or generated, by the rules of a specification: every rule first, parents before
 * children and fields in order, then the duplicates. The entries have no positions. They match the report of
 * ValidateWithContext of coreos/ignition without the text.
 */
export function validateConfig(config: Config, spec: SpecVersion, options: ValidationOptions = {}): Entry[] {
  return [...checkRules(config, spec, options), ...findDuplicates(config, spec)];
}

/** Applies the rules of a specification, without looking for duplicates; entries have no positions. */
export function checkRules(config: Config, spec: SpecVersion, options: ValidationOptions = {}): Entry[] {
  const context = new ValidationContext(specMinor(spec), options);
  applyRules(config, schemaOf(spec), context);
  return context.entries;
}

/** Finds items with the same key as an earlier item of the same key space; entries have no positions. */
export function findDuplicates(config: Config, spec: SpecVersion): Entry[] {
  const entries: Entry[] = [];
  const path: (string | number)[] = [];
  collectDuplicates(config, schemaOf(spec), path, entries);
  return entries;
}

function applyRules(value: ConfigObject, schema: StructSchema, context: ValidationContext): void {
  RULES.get(schema.goName)?.(value, context);
  const { path } = context;
  for (const field of schema.fields) {
    const inner = value[field.name];
    if (inner === undefined) continue;
    path.push(field.name);
    if (field.kind === 'struct') {
      applyRules(inner as ConfigObject, field.struct, context);
    } else if (field.kind === 'list') {
      const rule = field.item ? undefined : RULES.get(field.itemGoName);
      for (const [index, item] of (inner as ConfigValue[]).entries()) {
        path.push(index);
        if (field.item) applyRules(item as ConfigObject, field.item, context);
        else rule?.(item, context);
        path.pop();
      }
    }
    path.pop();
  }
}

function collectDuplicates(
  value: ConfigObject,
  schema: StructSchema,
  path: (string | number)[],
  entries: Entry[],
): void {
  const spaces = new Map<string, Set<string>>();
  for (const field of schema.fields) {
    const items = value[field.name] as ConfigValue[] | undefined;
    if (field.kind !== 'list' || field.keySpace === undefined || items === undefined) continue;
    const keys = spaces.get(field.keySpace) ?? new Set<string>();
    spaces.set(field.keySpace, keys);
    for (const [index, item] of items.entries()) {
      const key = field.item ? field.item.keyOf(item as ConfigObject) : (item as string);
      if (keys.has(key)) {
        entries.push({
          kind: 'error',
          path: [...path, field.name, index],
          message: 'duplicate entry defined',
        });
      }
      keys.add(key);
    }
  }
  for (const field of schema.fields) {
    const inner = value[field.name];
    if (inner === undefined) continue;
    path.push(field.name);
    if (field.kind === 'struct') collectDuplicates(inner as ConfigObject, field.struct, path, entries);
    if (field.kind === 'list' && field.item) {
      for (const [index, item] of (inner as ConfigObject[]).entries()) {
        path.push(index);
        collectDuplicates(item, field.item, path, entries);
        path.pop();
      }
    }
    path.pop();
  }
}
