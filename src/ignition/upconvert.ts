import type { Config, ConfigObject, ConfigValue, Int } from './config.ts';
import { schemaOf } from './schema.ts';
import type { FieldSchema, StructSchema } from './schema.ts';
import { compareSpecVersions, specMinor } from './spec-version.ts';
import type { SpecVersion } from './spec-version.ts';

/** Thrown when a configuration is to be written in an older specification than its own, which would lose data. */
export class SpecDowngradeError extends Error {
  override readonly name = 'SpecDowngradeError';

  constructor(from: SpecVersion, to: SpecVersion) {
    super(
      `An Ignition ${from} configuration cannot be turned into ${to}: ` +
        'write it for the older version, or boot a release whose Ignition knows the newer one.',
    );
  }
}

/**
 * Writes a valid configuration in a newer specification, as Ignition does before it merges configurations of different
 * versions; throws SpecDowngradeError for an older one. The meaning does not change: fields that became optional are
 * set even if they are empty, and the special mode bits that only 3.6.0 honours are cleared. One deliberate difference
 * from Ignition, which loses `tang.advertisement` between 3.4.0 and 3.5.0: it is kept.
 */
export function upconvertConfig(config: Config, from: SpecVersion, to: SpecVersion): Config {
  if (compareSpecVersions(from, to) > 0) throw new SpecDowngradeError(from, to);
  if (from === to) return config;
  const clearSpecialBits = specMinor(from) < 6 && specMinor(to) >= 6;
  const converted = convertStruct(config, schemaOf(from), schemaOf(to), clearSpecialBits) as Config;
  return { ...converted, ignition: { ...converted.ignition, version: to } };
}

function convertStruct(
  value: ConfigObject,
  from: StructSchema,
  to: StructSchema,
  clearSpecialBits: boolean,
): ConfigObject {
  const result: ConfigObject = {};
  for (const field of from.fields) {
    const target = to.byName.get(field.name);
    const converted = convertField(value[field.name], field, target, clearSpecialBits);
    if (converted !== undefined) result[field.name] = converted;
  }
  return result;
}

function convertField(
  value: ConfigValue | undefined,
  from: FieldSchema,
  to: FieldSchema | undefined,
  clearSpecialBits: boolean,
): ConfigValue | undefined {
  if (from.kind === 'struct' && to?.kind === 'struct') {
    return value && convertStruct(value as ConfigObject, from.struct, to.struct, clearSpecialBits);
  }
  if (from.kind === 'list' && to?.kind === 'list') {
    const { item } = from;
    const target = to.item;
    if (!item || !target) return value;
    return (value as ConfigObject[] | undefined)?.map((each) =>
      convertStruct(each, item, target, clearSpecialBits),
    );
  }
  // raid.level, link.target, the parts of a custom clevis pin and the source of a certificate authority.
  const becomesOptional = from.kind === 'string' && !from.pointer && to?.kind === 'string' && to.pointer;
  if (becomesOptional) return value ?? '';
  if (clearSpecialBits && from.name === 'mode' && value !== undefined) return clearBits(value as Int);
  return value;
}

function clearBits(mode: Int): Int {
  return Number(BigInt(mode) & ~0o7000n);
}
