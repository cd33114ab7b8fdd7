import { formatPath } from '../ignition/report.ts';
import type { Entry, Path } from '../ignition/report.ts';
import type { DecodedObject } from './decode.ts';
import type { ButaneStruct } from './schema.ts';
import { keyText } from './yaml/node.ts';
import type { MappingNode, YamlNode } from './yaml/node.ts';

/** Finds places in a document. */
export class YamlLocator {
  readonly #root: YamlNode;
  readonly #indexes = new Map<MappingNode, Map<string, YamlNode>>();

  constructor(root: YamlNode) {
    this.#root = root;
  }

  /**
   * Gives entries their place: that of the deepest existing value on their path, so that a missing key is placed at the
   * mapping in which it is missing. What is behind an alias is placed at the alias.
   */
  locate(entries: readonly Entry[]): Entry[] {
    return entries.map((entry) => {
      const { line, col } = this.#deepest(entry.path);
      return { ...entry, line, col };
    });
  }

  #deepest(path: Path): YamlNode {
    let node = this.#root;
    for (const step of path) {
      let next: YamlNode | undefined;
      if (node.kind === 'mapping' && typeof step === 'string') next = this.#indexOf(node).get(step);
      if (node.kind === 'sequence' && typeof step === 'number') next = node.items[step];
      if (!next) return node;
      node = next;
    }
    return node;
  }

  /**
   * The values of a mapping by their key, built when the first entry needs them; of a repeated key the last one is
   * used.
   */
  #indexOf(node: MappingNode): Map<string, YamlNode> {
    let index = this.#indexes.get(node);
    if (!index) {
      index = new Map(node.pairs.map(({ key, value }) => [keyText(key), value]));
      this.#indexes.set(node, index);
    }
    return index;
  }
}

/**
 * Finds keys that the schema does not have, in document order, and nulls and aliases in place of a struct; keys behind
 * aliases are not checked. Items of lists are paired by their index in the decoded value, which is shifted by nulls in
 * the list, as in Butane.
 */
export function findUnusedYamlKeys(value: DecodedObject, schema: ButaneStruct, root: YamlNode): Entry[] {
  const entries: Entry[] = [];
  const path: (string | number)[] = [];

  function visit(decoded: DecodedObject, struct: ButaneStruct, node: YamlNode): void {
    if (node.kind !== 'mapping') {
      const message =
        `context tree does not match content tree at ${formatPath(path)}. ` +
        'Line and column reporting may be inconsistent. Unused keys may not be reported';
      entries.push({ kind: 'warning', path: [...path], message, line: node.line, col: node.col });
      return;
    }
    for (const { key } of node.pairs) {
      const text = keyText(key);
      if (struct.byKey.has(text)) continue;
      entries.push({
        kind: 'warning',
        path: [...path, text],
        message: `unused key ${text}`,
        line: key.line,
        col: key.col,
      });
    }
    for (const field of struct.fields) {
      if (field.kind !== 'struct' && field.kind !== 'list') continue;
      const child = findValue(node, field.key);
      if (!child) continue;
      path.push(field.key);
      if (field.kind === 'struct') {
        const inner = decoded[field.name];
        if (inner !== undefined || !field.pointer) visit((inner ?? {}) as DecodedObject, field.struct, child);
      } else if (field.item && child.kind === 'sequence') {
        const items = (decoded[field.name] ?? []) as DecodedObject[];
        for (const [index, item] of items.entries()) {
          const itemNode = child.items[index];
          if (!itemNode) break;
          path.push(index);
          visit(item, field.item, itemNode);
          path.pop();
        }
      }
      path.pop();
    }
  }

  visit(value, schema, root);
  return entries;
}

/** The value of a key in a mapping; of the last one if unknown parts of a document repeat a key. */
function findValue(node: MappingNode, key: string): YamlNode | undefined {
  return node.pairs.findLast((pair) => keyText(pair.key) === key)?.value;
}
