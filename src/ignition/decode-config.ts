import type { ConfigObject, ConfigValue, Int } from './config.ts';
import type { JsonNode, JsonObject } from './json-document.ts';
import type { FieldSchema, ListSchema, StructSchema } from './schema.ts';

/** A JSON value that does not fit its field, as encoding/json words it. */
export interface TypeMismatch {
  readonly message: string;
  /** Byte offset that encoding/json reports: after a scalar, or after the opening bracket. */
  readonly offset: number;
}

/** The result of decoding: the configuration as far as it fits, and the first value that did not fit. */
export interface Decoded {
  readonly value: ConfigObject;
  readonly mismatch: TypeMismatch | undefined;
}

/**
 * Decodes a JSON tree into a struct the way encoding/json does: keys match case-insensitively, a repeated key decodes
 * over the earlier value (scalars are replaced, objects merge, arrays overwrite item by item), null leaves values
 * unset, unknown keys are skipped. `rootType` is the Go type that a mismatch of the root names.
 */
export function decodeStruct(root: JsonNode, schema: StructSchema, rootType: string): Decoded {
  const value: ConfigObject = {};
  const decoder = new Decoder();
  if (root.kind === 'object') decoder.object(root, schema, value);
  else if (root.kind !== 'null') decoder.mismatchRoot(root, rootType);
  return { value, mismatch: decoder.mismatch };
}

/** The value of a JSON number, or undefined unless it is an integer that fits 64 bits. */
export function decodeInt(text: string): Int | undefined {
  if (!/^-?\d+$/.test(text)) return undefined;
  if (text.length < 16) return Number(text) + 0;
  if (text.length > 20) return undefined;
  const value = BigInt(text);
  if (BigInt.asIntN(64, value) !== value) return undefined;
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

/**
 * Lower-cases a key as encoding/json folds it for matching: ASCII letters, and the two other characters that Unicode
 * folds onto ASCII letters (long s, Kelvin sign). Field names are all ASCII.
 */
export function foldKey(key: string): string {
  return key.replace(/[A-Z\u017f\u212a]/g, (letter) =>
    letter === '\u017f' ? 's' : letter === '\u212a' ? 'k' : letter.toLowerCase(),
  );
}

const foldedFields = new WeakMap<StructSchema, Map<string, FieldSchema>>();

/** Finds the field that a key means: the one with exactly this name, or else one that differs only in case. */
function findField(schema: StructSchema, key: string): FieldSchema | undefined {
  const exact = schema.byName.get(key);
  if (exact) return exact;
  let folded = foldedFields.get(schema);
  if (!folded) {
    folded = new Map(schema.fields.map((field) => [foldKey(field.name), field]));
    foldedFields.set(schema, folded);
  }
  return folded.get(foldKey(key));
}

class Decoder {
  mismatch: TypeMismatch | undefined;
  readonly #names: string[] = [];

  object(node: JsonObject, schema: StructSchema, into: ConfigObject): void {
    for (const member of node.members) {
      const field = findField(schema, member.key);
      if (!field) continue;
      const embedded = embeddedStruct(schema.goName, field.name);
      if (embedded !== undefined) this.#names.push(embedded);
      this.#names.push(field.name);
      this.#field(member.value, field, schema, into);
      this.#names.pop();
      if (embedded !== undefined) this.#names.pop();
    }
  }

  mismatchRoot(node: JsonNode, type: string): void {
    this.mismatch = {
      message: `json: cannot unmarshal ${describe(node)} into Go value of type ${type}`,
      offset: mismatchOffset(node),
    };
  }

  #field(node: JsonNode, field: FieldSchema, owner: StructSchema, into: ConfigObject): void {
    const { name } = field;
    if (node.kind === 'null') {
      // encoding/json: null makes pointers and slices nil, and has no effect on anything else.
      if (field.kind === 'list' || field.pointer) delete into[name];
      return;
    }
    if (field.kind === 'list') {
      if (node.kind !== 'array') {
        this.#fail(
          node,
          owner,
          field.listGoName ? `types.${field.listGoName}` : `[]types.${field.itemGoName}`,
        );
        return;
      }
      into[name] = this.#list(node.items, field, owner, into[name] as ConfigValue[] | undefined);
      return;
    }
    if (field.kind === 'struct') {
      if (node.kind !== 'object') {
        this.#fail(node, owner, field.goType ?? `types.${field.struct.goName}`);
        return;
      }
      const struct = (into[name] ??= {}) as ConfigObject;
      this.object(node, field.struct, struct);
      return;
    }
    const value = this.#scalar(node, field.kind);
    if (value === undefined) this.#fail(node, owner, field.kind, field.kind === 'int');
    else into[name] = value;
  }

  #list(
    nodes: readonly JsonNode[],
    field: ListSchema,
    owner: StructSchema,
    before: readonly ConfigValue[] = [],
  ): ConfigValue[] {
    const { item } = field;
    return nodes.map((node, index) => {
      const old = before[index];
      if (!item) {
        if (node.kind === 'string') return node.value;
        if (node.kind !== 'null') this.#fail(node, owner, `types.${field.itemGoName}`);
        return old ?? '';
      }
      const struct = (old ?? {}) as ConfigObject;
      if (node.kind === 'object') this.object(node, item, struct);
      else if (node.kind !== 'null') this.#fail(node, owner, `types.${item.goName}`);
      return struct;
    });
  }

  #scalar(node: JsonNode, kind: 'string' | 'int' | 'bool'): ConfigValue | undefined {
    if (kind === 'string') return node.kind === 'string' ? node.value : undefined;
    if (kind === 'int') return node.kind === 'number' ? decodeInt(node.text) : undefined;
    return node.kind === 'true' || node.kind === 'false' ? node.kind === 'true' : undefined;
  }

  #fail(node: JsonNode, owner: StructSchema, type: string, asInt = false): void {
    this.mismatch ??= {
      message:
        `json: cannot unmarshal ${describe(node, asInt)} into Go struct field ` +
        `${owner.goName}.${this.#names.join('.')} of type ${type}`,
      offset: mismatchOffset(node),
    };
  }
}

/**
 * The struct from which a field is embedded: Go names it in messages since 1.24, which Ignition requires. Source:
 * config/v3_x/types/schema.go of coreos/ignition.
 */
function embeddedStruct(owner: string, field: string): string | undefined {
  if (owner !== 'File' && owner !== 'Directory' && owner !== 'Link') return undefined;
  return ['group', 'overwrite', 'path', 'user'].includes(field) ? 'Node' : `${owner}Embedded1`;
}

function describe(node: JsonNode, asInt = false): string {
  if (node.kind === 'true' || node.kind === 'false') return 'bool';
  if (node.kind !== 'number' || !asInt) return node.kind;
  // Unlike in encoding/json, a very long number is shortened, so that it does not fill the log.
  return `number ${node.text.length > 400 ? `${node.text.slice(0, 400)}...` : node.text}`;
}

function mismatchOffset(node: JsonNode): number {
  return node.kind === 'object' || node.kind === 'array' ? node.start + 1 : node.end;
}
