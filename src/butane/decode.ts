import { quote } from '../ignition/go-text.ts';
import type { Int } from '../ignition/config.ts';
import type { ButaneField, ButaneStruct } from './schema.ts';
import { isMergeKey, keyText } from './yaml/node.ts';
import type { AliasNode, MappingNode, ScalarNode, SequenceNode, YamlNode, YamlPair } from './yaml/node.ts';
import { isPlainNull, resolveScalar, tagOf, toInt } from './yaml/resolve-scalar.ts';
import { YamlError } from './yaml/yaml-error.ts';
import type { YamlPlace } from './yaml/yaml-error.ts';

/** A decoded value; undefined where a list or mapping contained a null. */
export type DecodedValue = string | Int | boolean | DecodedObject | DecodedValue[];

/** A decoded mapping: only keys that the schema has and that are not null. */
export type DecodedObject = { [name: string]: DecodedValue };

/** Maximum depth of merge keys within merge keys; go-yaml limits only the nesting. */
const MAX_MERGE_DEPTH = 500;

/** Maximum total length of scalars behind aliases, in characters; go-yaml counts nodes, regardless of their length. */
const MAX_ALIASED_LENGTH = 16 * 1024 * 1024;

/** Number of type errors after which decoding stops; go-yaml has no such limit. */
const MAX_TYPE_ERRORS = 1000;

/**
 * Decodes a YAML document into the struct of a schema, as go-yaml decodes into Butane's Go types: aliases and merge
 * keys are resolved, nulls are omitted (also from lists, whose other items move up), unknown keys are ignored. Throws
 * YamlError for values that do not fit, with all type errors in one message.
 */
export function decodeDocument(root: YamlNode, schema: ButaneStruct): DecodedObject {
  const decoder = new Decoder();
  const value = decoder.struct(root, schema) ?? {};
  if (decoder.errors.length > 0) {
    throw new YamlError(`unmarshal errors:\n  ${decoder.errors.join('\n  ')}`, decoder.firstErrorPlace);
  }
  return value;
}

class Decoder {
  readonly errors: string[] = [];
  firstErrorPlace: YamlPlace | undefined;
  #decoded = 0;
  #decodedInAliases = 0;
  #aliasDepth = 0;
  #aliasedLength = 0;
  #mergeDepth = 0;
  readonly #activeAliases = new Set<AliasNode>();
  /** Keys that are already set while merge keys are resolved; undefined otherwise. */
  #mergedKeys: Set<string> | undefined;

  /** Decodes a mapping; undefined for null and for any other value, which is a type error. */
  struct(node: YamlNode, schema: ButaneStruct, into: DecodedObject = {}): DecodedObject | undefined {
    this.#count();
    switch (node.kind) {
      case 'alias':
        return this.#alias(node, (target) => this.struct(target, schema, into));
      case 'mapping':
        return this.#mapping(node, schema, into);
      case 'sequence':
        return this.#mismatch(node, schema.goType);
      case 'scalar':
        return resolveScalar(node).value === null ? undefined : this.#mismatch(node, schema.goType);
    }
  }

  #mapping(node: MappingNode, schema: ButaneStruct, into: DecodedObject): DecodedObject | undefined {
    if (this.#hasDuplicates(node)) return undefined;
    const outerKeys = this.#mergedKeys;
    this.#mergedKeys = undefined;
    let merge: YamlNode | undefined;
    for (const { key, value } of node.pairs) {
      if (isMergeKey(key)) {
        merge = value;
        continue;
      }
      const name = this.#string(key, 'string');
      if (name === undefined) continue;
      if (outerKeys) {
        if (outerKeys.has(name)) continue;
        outerKeys.add(name);
      }
      const field = schema.byKey.get(name);
      if (!field) continue;
      const decoded = this.#value(value, field);
      if (decoded !== undefined) into[field.name] = decoded;
    }
    this.#mergedKeys = outerKeys;
    if (merge) this.#merge(node, merge, schema, into);
    return into;
  }

  #value(node: YamlNode, field: ButaneField): DecodedValue | undefined {
    switch (field.kind) {
      case 'string':
        return this.#string(node, 'string');
      case 'int':
        return this.#int(node);
      case 'bool':
        return this.#bool(node);
      case 'struct':
        return this.struct(node, field.struct);
      case 'list':
        return this.#list(node, field.item, field.itemGoType);
    }
  }

  #list(node: YamlNode, item: ButaneStruct | undefined, itemGoType: string): DecodedValue[] | undefined {
    this.#count();
    switch (node.kind) {
      case 'alias':
        return this.#alias(node, (target) => this.#list(target, item, itemGoType));
      case 'sequence': {
        const items: DecodedValue[] = [];
        for (const child of node.items) {
          const value = item ? this.struct(child, item) : this.#string(child, itemGoType);
          if (value !== undefined) items.push(value);
        }
        return items;
      }
      case 'mapping':
        return this.#hasDuplicates(node) ? undefined : this.#mismatch(node, `[]${itemGoType}`);
      case 'scalar':
        return resolveScalar(node).value === null ? undefined : this.#mismatch(node, `[]${itemGoType}`);
    }
  }

  #string(node: YamlNode, goType: string): string | undefined {
    const scalar = this.#scalar(node, goType);
    if (!scalar) return undefined;
    if (scalar.tag === '') return isPlainNull(scalar) ? undefined : scalar.value;
    const { tag, value } = resolveScalar(scalar);
    if (value === null) return undefined;
    return tag === '!!binary' && typeof value === 'string' ? value : scalar.value;
  }

  #int(node: YamlNode): Int | undefined {
    const scalar = this.#scalar(node, 'int');
    if (!scalar) return undefined;
    const resolved = resolveScalar(scalar);
    if (resolved.value === null) return undefined;
    return toInt(resolved) ?? this.#mismatch(scalar, 'int');
  }

  #bool(node: YamlNode): boolean | undefined {
    const scalar = this.#scalar(node, 'bool');
    if (!scalar) return undefined;
    const { value } = resolveScalar(scalar);
    if (value === null) return undefined;
    if (typeof value === 'boolean') return value;
    const word = typeof value === 'string' ? BOOLEAN_WORDS.get(value) : undefined;
    return word ?? this.#mismatch(scalar, 'bool');
  }

  /** The scalar behind a node, through aliases; a type error for anything else. */
  #scalar(node: YamlNode, goType: string): ScalarNode | undefined {
    this.#count();
    if (node.kind === 'scalar') {
      if (this.#aliasDepth > 0) this.#countAliased(node.value.length);
      return node;
    }
    if (node.kind === 'alias') return this.#alias(node, (target) => this.#scalar(target, goType));
    if (node.kind === 'mapping' && this.#hasDuplicates(node)) return undefined;
    return this.#mismatch(node, goType);
  }

  #alias<T>(node: AliasNode, decode: (target: YamlNode) => T): T {
    if (this.#activeAliases.has(node)) {
      throw new YamlError(`anchor '${node.name}' value contains itself`, node);
    }
    this.#activeAliases.add(node);
    this.#aliasDepth++;
    const value = decode(node.target);
    this.#aliasDepth--;
    this.#activeAliases.delete(node);
    return value;
  }

  /** Decodes what a merge key names into a struct, except keys that are already set. */
  #merge(parent: MappingNode, merge: YamlNode, schema: ButaneStruct, into: DecodedObject): void {
    if (++this.#mergeDepth > MAX_MERGE_DEPTH) {
      throw new YamlError(
        `line ${parent.line}: merge keys are nested deeper than ${MAX_MERGE_DEPTH}`,
        parent,
      );
    }
    const outerKeys = this.#mergedKeys;
    if (!outerKeys) {
      this.#mergedKeys = new Set();
      for (const { key } of parent.pairs) {
        const name = this.#string(key, 'string');
        if (name !== undefined) this.#mergedKeys.add(name);
      }
    }
    const sources = merge.kind === 'sequence' ? merge.items : [merge];
    for (const source of sources) {
      const target = source.kind === 'alias' ? source.target : source;
      if (target.kind !== 'mapping') {
        throw new YamlError('map merge requires map or sequence of maps as the value', source);
      }
      this.struct(source, schema, into);
    }
    this.#mergedKeys = outerKeys;
    this.#mergeDepth--;
  }

  /** Reports keys of a mapping that are spelt the same. */
  #hasDuplicates(node: MappingNode): boolean {
    if (node.pairs.length <= FEW_KEYS && !repeatsKey(node.pairs)) return false;
    const keys = new Map<string, YamlNode[]>();
    let found = false;
    for (const { key } of node.pairs) {
      const identity = `${key.kind} ${keyText(key)}`;
      const earlier = keys.get(identity);
      if (!earlier) {
        keys.set(identity, [key]);
        continue;
      }
      found = true;
      earlier.push(key);
    }
    if (found) this.#reportDuplicates(node, keys);
    return found;
  }

  #reportDuplicates(node: MappingNode, keys: ReadonlyMap<string, readonly YamlNode[]>): void {
    const seen = new Map<string, number>();
    for (const { key } of node.pairs) {
      const identity = `${key.kind} ${keyText(key)}`;
      const count = (seen.get(identity) ?? 0) + 1;
      seen.set(identity, count);
      for (const later of keys.get(identity)?.slice(count) ?? []) {
        if (this.errors.length >= MAX_TYPE_ERRORS) return;
        const name = quote(keyText(key));
        this.#addError(`line ${later.line}: mapping key ${name} already defined at line ${key.line}`, later);
      }
    }
  }

  #mismatch(node: ScalarNode | MappingNode | SequenceNode, goType: string): undefined {
    const tag =
      node.kind === 'scalar' ? tagOf(node) : node.tag || (node.kind === 'mapping' ? '!!map' : '!!seq');
    const shown = tag === '!!map' || tag === '!!seq' ? '' : ` \`${abbreviate(keyText(node))}\``;
    this.#addError(`line ${node.line}: cannot unmarshal ${tag}${shown} into ${goType}`, node);
    return undefined;
  }

  #addError(message: string, place: YamlPlace): void {
    this.firstErrorPlace ??= place;
    if (this.errors.length < MAX_TYPE_ERRORS) this.errors.push(message);
  }

  /** Counts decoded nodes, to refuse documents that consist mostly of repeated aliases. */
  #count(): void {
    this.#decoded++;
    if (this.#aliasDepth === 0) return;
    this.#decodedInAliases++;
    if (this.#decodedInAliases <= 100 || this.#decoded <= 1000) return;
    if (this.#decodedInAliases / this.#decoded > allowedAliasRatio(this.#decoded)) {
      throw new YamlError('document contains excessive aliasing');
    }
  }

  #countAliased(length: number): void {
    this.#aliasedLength += length;
    if (this.#aliasedLength > MAX_ALIASED_LENGTH) {
      throw new YamlError('document contains excessive aliasing');
    }
  }
}

/** Up to this number of keys, comparing each key with each other is faster than a map. */
const FEW_KEYS = 12;

function repeatsKey(pairs: readonly YamlPair[]): boolean {
  return pairs.some(({ key }, index) =>
    pairs.some(
      (other, at) => at > index && other.key.kind === key.kind && keyText(other.key) === keyText(key),
    ),
  );
}

/** Words that are strings in YAML 1.2, and booleans only where a boolean is expected. */
const BOOLEAN_WORDS = new Map<string, boolean>([
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'on', 'On', 'ON'].map((word) => [word, true] as const),
  ...['n', 'N', 'no', 'No', 'NO', 'off', 'Off', 'OFF'].map((word) => [word, false] as const),
]);

/** go-yaml shows at most ten bytes of a value. */
function abbreviate(text: string): string {
  const bytes = Buffer.from(text, 'utf8');
  return bytes.length > 10 ? `${bytes.toString('utf8', 0, 7)}...` : text;
}

const ALIAS_RANGE_LOW = 400_000;
const ALIAS_RANGE_HIGH = 4_000_000;

/** The share of decoded nodes that may come from aliases: 99 % in small documents, 10 % in very large ones. */
function allowedAliasRatio(decoded: number): number {
  if (decoded <= ALIAS_RANGE_LOW) return 0.99;
  if (decoded >= ALIAS_RANGE_HIGH) return 0.1;
  return 0.99 - (0.89 * (decoded - ALIAS_RANGE_LOW)) / (ALIAS_RANGE_HIGH - ALIAS_RANGE_LOW);
}
