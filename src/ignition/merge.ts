import type { Config, ConfigObject, ConfigValue } from './config.ts';
import { isEmptyStruct } from './encode.ts';
import type { Path } from './report.ts';
import { schemaOf } from './schema.ts';
import type { FieldSchema, ListSchema, StructFieldSchema, StructSchema } from './schema.ts';
import type { SpecVersion } from './spec-version.ts';

/** Where a part of a merged configuration came from. */
export interface Mapping {
  readonly origin: 'parent' | 'child';
  readonly from: Path;
  readonly to: Path;
}

export interface MergeOptions {
  /**
   * `ignition` (the default) merges exactly as Ignition does on the machine. `layered` is for layering profiles: a
   * child that sets anything in a resource (file contents, a key file, the replacing configuration) or in the owner of
   * a file replaces the parent's resource or owner as a whole. Ignition merges those field by field, and keeps the hash
   * and the compression of the parent's contents with the child's source, so that the first boot fails.
   */
  readonly mode?: 'ignition' | 'layered';
  /**
   * Called with the origin of every scalar, list item, list and struct, each after what is inside it; twice for a list
   * or struct to which both sides contribute. Butane uses it to find the place in its source that an entry is about.
   */
  readonly transcribe?: (mapping: Mapping) => void;
}

/**
 * Merges a child configuration over its parent, both of one specification, by Ignition's rules: scalars of the child
 * win where they are set, structs merge, items with the same key merge in the parent's order, new items follow, lists
 * without keys are joined. The result shares values with its inputs, which must not be changed afterwards. Two valid
 * configurations may merge into an invalid one. Source: config/merge of coreos/ignition.
 */
export function mergeConfigs(
  parent: Config,
  child: Config,
  spec: SpecVersion,
  options: MergeOptions = {},
): Config {
  const merger = new Merger(options);
  return merger.struct(parent, child, schemaOf(spec), { parent: [], child: [], result: [] });
}

interface Places {
  readonly parent: Path;
  readonly child: Path;
  readonly result: Path;
}

/** A list item of the child, found by its key. */
interface KeyedItem {
  readonly list: string;
  readonly index: number;
  readonly item: ConfigValue;
}

/** By key space, then by key. */
type KeyedItems = ReadonlyMap<string, ReadonlyMap<string, KeyedItem>>;

/** Structs that are replaced as a whole when profiles are layered. */
const UNITS: ReadonlySet<string> = new Set([
  ...['Resource', 'FileContents', 'ConfigReference'],
  ...['NodeUser', 'NodeGroup'],
]);

class Merger {
  readonly #layered: boolean;
  readonly #transcribe: ((mapping: Mapping) => void) | undefined;
  readonly #recorded = { parent: 0, child: 0 };

  constructor({ mode = 'ignition', transcribe }: MergeOptions) {
    this.#layered = mode === 'layered';
    this.#transcribe = transcribe;
  }

  struct(parent: ConfigObject, child: ConfigObject, schema: StructSchema, places: Places): ConfigObject {
    const result: ConfigObject = {};
    const keyed = indexByKey(child, schema);
    for (const field of schema.fields) {
      const ours = parent[field.name];
      const theirs = child[field.name];
      if (ours === undefined && theirs === undefined) continue;
      const inner = this.#transcribe ? below(places, field.name) : places;
      const merged = this.#field(ours, theirs, field, keyed, inner);
      if (merged !== undefined) result[field.name] = merged;
    }
    return result;
  }

  #field(
    ours: ConfigValue | undefined,
    theirs: ConfigValue | undefined,
    field: FieldSchema,
    keyed: KeyedItems,
    places: Places,
  ): ConfigValue | undefined {
    if (field.kind === 'list') {
      const [ourItems, theirItems] = [(ours ?? []) as ConfigValue[], (theirs ?? []) as ConfigValue[]];
      return this.#combined(places, () => this.#list(ourItems, theirItems, field, keyed, places));
    }
    const merges =
      field.kind === 'struct' && (!field.pointer || (ours !== undefined && theirs !== undefined));
    if (!merges) return this.#pick(ours, theirs, field, places);
    return this.#innerStruct((ours ?? {}) as ConfigObject, (theirs ?? {}) as ConfigObject, field, places);
  }

  /**
   * For scalars, and for a struct behind a pointer that only one side has: the child's value, unless it is a pointer
   * and unset.
   */
  #pick(
    ours: ConfigValue | undefined,
    theirs: ConfigValue | undefined,
    field: Exclude<FieldSchema, ListSchema>,
    places: Places,
  ): ConfigValue | undefined {
    if (theirs !== undefined || !field.pointer) {
      this.#record('child', places.child, places.result, theirs, field);
      return theirs;
    }
    this.#record('parent', places.parent, places.result, ours, field);
    return ours;
  }

  #innerStruct(
    ours: ConfigObject,
    theirs: ConfigObject,
    field: StructFieldSchema,
    places: Places,
  ): ConfigObject {
    const { struct } = field;
    if (this.#layered && UNITS.has(struct.goName) && !isEmptyStruct(theirs, struct)) {
      this.#recordStruct('child', places.child, places.result, theirs, struct);
      return theirs;
    }
    return this.#combined(places, () => this.struct(ours, theirs, struct, places));
  }

  #list(
    ours: readonly ConfigValue[],
    theirs: readonly ConfigValue[],
    field: ListSchema,
    keyed: KeyedItems,
    places: Places,
  ): ConfigValue[] {
    const result: ConfigValue[] = [];
    const take = (origin: 'parent' | 'child', index: number, item: ConfigValue): void => {
      this.#recordItem(origin, [...places[origin], index], [...places.result, result.length], item, field);
      result.push(item);
    };
    if (field.keySpace === undefined) {
      for (const [index, item] of ours.entries()) take('parent', index, item);
      for (const [index, item] of theirs.entries()) take('child', index, item);
      return result;
    }
    const ourKeys = new Set<string>();
    const childItems = keyed.get(field.keySpace);
    for (const [index, item] of ours.entries()) {
      const key = keyOf(item, field);
      ourKeys.add(key);
      const match = childItems?.get(key);
      if (!match) {
        take('parent', index, item);
      } else if (match.list === field.name) {
        if (!field.item) {
          take('child', match.index, match.item);
        } else if (!removesHeader(match.item as ConfigObject, field)) {
          const at = {
            parent: [...places.parent, index],
            child: [...places.child, match.index],
            result: [...places.result, result.length],
          };
          const [ourItem, theirItem, schema] = [item as ConfigObject, match.item as ConfigObject, field.item];
          result.push(this.#combined(at, () => this.struct(ourItem, theirItem, schema, at)));
        }
      }
      // Otherwise the child has the key in another list of the key space, which replaces this item.
    }
    for (const [index, item] of theirs.entries()) {
      if (!ourKeys.has(keyOf(item, field))) take('child', index, item);
    }
    return result;
  }

  /** Merges a struct or list, and records it for each side that contributes to it, after its parts. */
  #combined<T>(places: Places, merge: () => T): T {
    if (!this.#transcribe) return merge();
    const before = { ...this.#recorded };
    const merged = merge();
    for (const origin of ['parent', 'child'] as const) {
      if (this.#recorded[origin] > before[origin])
        this.#note({ origin, from: places[origin], to: places.result });
    }
    return merged;
  }

  #note(mapping: Mapping): void {
    this.#recorded[mapping.origin]++;
    this.#transcribe?.(mapping);
  }

  #record(
    origin: Mapping['origin'],
    from: Path,
    to: Path,
    value: ConfigValue | undefined,
    field: Exclude<FieldSchema, ListSchema>,
  ): boolean {
    if (!this.#transcribe || value === undefined) return false;
    if (field.kind === 'struct') {
      return this.#recordStruct(origin, from, to, value as ConfigObject, field.struct);
    }
    if (!field.pointer && (value === '' || value === false || value === 0)) return false;
    this.#note({ origin, from, to });
    return true;
  }

  /** Records a struct that was copied as a whole, after its parts; an empty one is not recorded. */
  #recordStruct(
    origin: Mapping['origin'],
    from: Path,
    to: Path,
    value: ConfigObject,
    schema: StructSchema,
  ): boolean {
    if (!this.#transcribe) return false;
    let recorded = false;
    for (const field of schema.fields) {
      const inner = value[field.name];
      if (inner === undefined) continue;
      const [innerFrom, innerTo] = [
        [...from, field.name],
        [...to, field.name],
      ];
      if (field.kind === 'list') {
        let anyItem = false;
        for (const [index, item] of (inner as ConfigValue[]).entries()) {
          anyItem =
            this.#recordItem(origin, [...innerFrom, index], [...innerTo, index], item, field) || anyItem;
        }
        if (anyItem) this.#note({ origin, from: innerFrom, to: innerTo });
        recorded ||= anyItem;
      } else {
        recorded = this.#record(origin, innerFrom, innerTo, inner, field) || recorded;
      }
    }
    if (recorded) this.#note({ origin, from, to });
    return recorded;
  }

  #recordItem(
    origin: Mapping['origin'],
    from: Path,
    to: Path,
    item: ConfigValue,
    field: ListSchema,
  ): boolean {
    if (!this.#transcribe) return false;
    if (field.item) return this.#recordStruct(origin, from, to, item as ConfigObject, field.item);
    if (item !== '') this.#note({ origin, from, to });
    return item !== '';
  }
}

function below(places: Places, name: string): Places {
  return {
    parent: [...places.parent, name],
    child: [...places.child, name],
    result: [...places.result, name],
  };
}

function keyOf(item: ConfigValue, field: ListSchema): string {
  return field.item ? field.item.keyOf(item as ConfigObject) : (item as string);
}

/** A header without a value removes the inherited one. */
function removesHeader(item: ConfigObject, field: ListSchema): boolean {
  return field.name === 'httpHeaders' && item['value'] === undefined;
}

/** The items of a struct's keyed lists by key space and key; of repeated keys the last one is used. */
function indexByKey(value: ConfigObject, schema: StructSchema): KeyedItems {
  const spaces = new Map<string, Map<string, KeyedItem>>();
  for (const field of schema.fields) {
    const items = value[field.name] as ConfigValue[] | undefined;
    if (field.kind !== 'list' || field.keySpace === undefined || items === undefined) continue;
    const space = spaces.get(field.keySpace) ?? new Map<string, KeyedItem>();
    spaces.set(field.keySpace, space);
    for (const [index, item] of items.entries()) {
      space.set(keyOf(item, field), { list: field.name, index, item });
    }
  }
  return spaces;
}
