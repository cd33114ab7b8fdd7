import type { Config, ConfigObject, ConfigValue } from './config.ts';
import { schemaOf } from './schema.ts';
import type { FieldSchema, StructSchema } from './schema.ts';
import type { SpecVersion } from './spec-version.ts';

/**
 * Writes a configuration as JSON the way Butane does: fields in the order of Ignition's Go structs, without unset and
 * empty ones except those that a specification always writes, and with Go's HTML escapes. There is no line end at the
 * end. `indent` is the number of spaces per level; 0 puts everything on one line.
 */
export function encodeConfig(config: Config, spec: SpecVersion, { indent = 0 } = {}): string {
  return encodeStruct(config, schemaOf(spec), indent === 0 ? undefined : ' '.repeat(indent), '\n');
}

/** Whether a struct is empty: all its fields are unset, empty or zero, at every depth. */
export function isEmptyStruct(value: ConfigObject, schema: StructSchema): boolean {
  return schema.fields.every((field) => isEmptyField(value[field.name], field));
}

function isEmptyField(value: ConfigValue | undefined, field: FieldSchema): boolean {
  if (value === undefined) return true;
  if (field.kind === 'list') return (value as ConfigValue[]).length === 0;
  if (field.pointer) return false;
  if (field.kind === 'struct') return isEmptyStruct(value as ConfigObject, field.struct);
  return value === '' || value === false || value === 0 || value === 0n;
}

/** Writes one string as JSON, escaped as Go's encoding/json does. */
export function encodeString(text: string): string {
  // Most strings contain nothing to escape.
  if (/^[ !#-%'-;=?-[\]-~]*$/.test(text)) return `"${text}"`;
  // A lone surrogate U+DC80 to U+DCFF represents a byte of a file name that is not UTF-8, which Go escapes.
  const parts = text
    .split(/(?![\ud800-\udbff])[\udc80-\udcff]/u)
    .map((part) => JSON.stringify(part.replace(/\p{Surrogate}/gu, '\ufffd')).slice(1, -1));
  return `"${parts.join('\\ufffd')}"`.replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** `line` is a line feed and the indentation of the current level. */
function encodeStruct(
  value: ConfigObject,
  schema: StructSchema,
  indent: string | undefined,
  line: string,
): string {
  const inner = line + (indent ?? '');
  const members: string[] = [];
  for (const field of schema.fields) {
    const member = value[field.name];
    if (field.omitEmpty && isEmptyField(member, field)) continue;
    members.push(`"${field.name}":${indent ? ' ' : ''}${encodeField(member, field, indent, inner)}`);
  }
  return enclose('{', members, '}', indent, line);
}

function encodeField(
  value: ConfigValue | undefined,
  field: FieldSchema,
  indent: string | undefined,
  line: string,
): string {
  if (field.kind === 'struct') {
    return encodeStruct((value ?? {}) as ConfigObject, field.struct, indent, line);
  }
  if (field.kind === 'list') {
    if (value === undefined) return 'null';
    const { item } = field;
    const inner = line + (indent ?? '');
    const items = item
      ? (value as ConfigObject[]).map((each) => encodeStruct(each, item, indent, inner))
      : (value as string[]).map(encodeString);
    return enclose('[', items, ']', indent, line);
  }
  if (value === undefined) return field.pointer ? 'null' : ZEROS[field.kind];
  return typeof value === 'string' ? encodeString(value) : (value as number | bigint | boolean).toString();
}

const ZEROS = { string: '""', int: '0', bool: 'false' } as const;

function enclose(
  open: string,
  parts: readonly string[],
  close: string,
  indent: string | undefined,
  line: string,
): string {
  if (indent === undefined || parts.length === 0) return `${open}${parts.join(',')}${close}`;
  const inner = line + indent;
  return `${open}${inner}${parts.join(`,${inner}`)}${line}${close}`;
}
