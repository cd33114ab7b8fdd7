import type { Entry } from '../ignition/report.ts';
import type { ButaneStruct } from './schema.ts';
import { isMergeKey, keyText } from './yaml/node.ts';
import type { MappingNode, YamlNode } from './yaml/node.ts';

/**
 * Finds every key that the schema does not have, as errors, including keys behind aliases and merge keys, which Butane
 * does not check. A merge key itself is known, as are `x-` keys and anything below them. The document must have been
 * decoded, which bounds what its aliases can expand to.
 */
export function findUnknownKeys(root: YamlNode, schema: ButaneStruct): Entry[] {
  const entries: Entry[] = [];
  const path: (string | number)[] = [];
  /** The pairs of mapping and struct that were already checked: several aliases may refer to the same mapping. */
  const visited = new Map<ButaneStruct, Set<MappingNode>>();

  function visit(node: YamlNode, struct: ButaneStruct): void {
    const mapping = resolve(node);
    if (mapping.kind !== 'mapping') return;
    const known = visited.get(struct) ?? new Set();
    visited.set(struct, known);
    if (known.has(mapping)) return;
    known.add(mapping);
    for (const { key, value } of mapping.pairs) {
      if (isMergeKey(key)) visitMerged(value, struct);
      else visitKey(key, value, struct);
    }
  }

  function visitMerged(value: YamlNode, struct: ButaneStruct): void {
    for (const source of value.kind === 'sequence' ? value.items : [value]) visit(source, struct);
  }

  function visitKey(key: YamlNode, value: YamlNode, struct: ButaneStruct): void {
    const name = keyText(resolve(key));
    const field = struct.byKey.get(name);
    path.push(name);
    if (name.startsWith('x-')) {
      // Where anchors are often kept, as in Compose files; Butane only warns.
    } else if (!field) {
      entries.push({
        kind: 'error',
        path: [...path],
        message: `unused key ${name}`,
        line: key.line,
        col: key.col,
      });
    } else if (field.kind === 'struct') {
      visit(value, field.struct);
    } else if (field.kind === 'list' && field.item) {
      const list = resolve(value);
      for (const [index, item] of (list.kind === 'sequence' ? list.items : []).entries()) {
        path.push(index);
        visit(item, field.item);
        path.pop();
      }
    }
    path.pop();
  }

  visit(root, schema);
  return entries;
}

function resolve(node: YamlNode): YamlNode {
  return node.kind === 'alias' ? node.target : node;
}
