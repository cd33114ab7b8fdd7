import type { ConfigObject } from './config.ts';
import { findMember } from './json-document.ts';
import type { JsonNode } from './json-document.ts';
import { formatPath } from './report.ts';
import type { Entry, Path } from './report.ts';
import type { StructSchema } from './schema.ts';
import type { LineIndex } from './text-position.ts';

/**
 * Gives entries their place in a JSON document: that of the deepest existing node on their path. Keys are looked up by
 * their exact name, so that an entry below a key in another letter case is placed at the parent, as in Ignition.
 */
export function locateEntries(entries: readonly Entry[], root: JsonNode, lines: LineIndex): Entry[] {
  return entries.map((entry) => ({ ...entry, ...lines.position(nodeOffset(deepestNode(root, entry.path))) }));
}

/**
 * Finds the keys of a document that no field of its specification has, and null in place of a struct. Keys are compared
 * exactly, so a key that was accepted in another letter case is reported too. Entries are in document order within an
 * object. They are warnings; `strict` makes errors of unused keys, and also reports repeated keys.
 */
export function findUnusedKeys(
  config: ConfigObject,
  schema: StructSchema,
  root: JsonNode,
  lines: LineIndex,
  strict = false,
): Entry[] {
  const found: Entry[] = [];
  const path: (string | number)[] = [];

  function visit(value: ConfigObject, struct: StructSchema, node: JsonNode): void {
    if (node.kind !== 'object') {
      found.push({
        kind: 'warning',
        path: [...path],
        message:
          `context tree does not match content tree at ${formatPath(path)}. ` +
          'Line and column reporting may be inconsistent. Unused keys may not be reported',
        ...lines.position(nodeOffset(node)),
      });
      return;
    }
    const seen = new Set<string>();
    for (const { key, keyStart } of node.members) {
      const isRepeated = seen.has(key);
      const isUnused = !struct.byName.has(key);
      seen.add(key);
      if (isRepeated && strict) {
        const message = `key ${key} is repeated: keep one of them`;
        found.push({ kind: 'error', path: [...path, key], message, ...lines.position(keyStart) });
      } else if (isUnused && !isRepeated) {
        found.push({
          kind: strict ? 'error' : 'warning',
          path: [...path, key],
          message: `unused key ${key}`,
          // Ignition's tree keeps the last one of repeated keys.
          ...lines.position(findMember(node, key)?.keyStart ?? keyStart),
        });
      }
    }
    for (const field of struct.fields) {
      if (field.kind !== 'struct' && (field.kind !== 'list' || !field.item)) continue;
      const child = findMember(node, field.name)?.value;
      if (!child) continue;
      const inner = value[field.name];
      path.push(field.name);
      if (field.kind === 'struct') {
        if (inner !== undefined || !field.pointer) visit((inner ?? {}) as ConfigObject, field.struct, child);
      } else if (field.item && child.kind === 'array') {
        const items = (inner ?? []) as ConfigObject[];
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

  visit(config, schema, root);
  return found;
}

function deepestNode(root: JsonNode, path: Path): JsonNode {
  let node = root;
  for (const step of path) {
    let next: JsonNode | undefined;
    if (node.kind === 'object' && typeof step === 'string') next = findMember(node, step)?.value;
    if (node.kind === 'array' && typeof step === 'number') next = node.items[step];
    if (!next) return node;
    node = next;
  }
  return node;
}

/** Objects and arrays are placed one byte after their opening bracket, to match coreos/go-json. */
function nodeOffset(node: JsonNode): number {
  return node.kind === 'object' || node.kind === 'array' ? node.start + 1 : node.start;
}
