import type { ScalarStyle } from './token.ts';

/** A value of a YAML document with its place in the text, before its type is determined. */
export type YamlNode = ScalarNode | MappingNode | SequenceNode | AliasNode;

interface NodePlace {
  /** Line of the first character, including its anchor or tag; counted from 1. */
  readonly line: number;
  /** Column of that character in code points, counted from 1. */
  readonly col: number;
}

/** A string, number, boolean, null and so on: which one depends on the expected type. */
export interface ScalarNode extends NodePlace {
  readonly kind: 'scalar';
  /** Explicit tag in its short form, `!!str`, or an empty string; `!` counts as none. */
  readonly tag: string;
  readonly value: string;
  readonly style: ScalarStyle;
}

/** Keys and values in the order of the text; keys may be of any kind. */
export interface MappingNode extends NodePlace {
  readonly kind: 'mapping';
  readonly tag: string;
  readonly pairs: YamlPair[];
}

/** One key of a mapping with its value. */
export interface YamlPair {
  readonly key: YamlNode;
  readonly value: YamlNode;
}

/** Items in the order of the text, including nulls. */
export interface SequenceNode extends NodePlace {
  readonly kind: 'sequence';
  readonly tag: string;
  readonly items: YamlNode[];
}

/** A reference to an anchored node, which may contain the alias itself. */
export interface AliasNode extends NodePlace {
  readonly kind: 'alias';
  readonly name: string;
  readonly target: YamlNode;
}

/**
 * The text of a node that is used as a key: the value of a scalar, the name of an alias, otherwise empty, as in
 * go-yaml.
 */
export function keyText(node: YamlNode): string {
  if (node.kind === 'scalar') return node.value;
  return node.kind === 'alias' ? node.name : '';
}

/** Whether a key merges the mappings that are its value into its own (yaml.org/type/merge): a plain `<<`. */
export function isMergeKey(key: YamlNode): boolean {
  if (key.kind !== 'scalar' || key.value !== '<<') return false;
  return key.tag === '!!merge' || ((key.tag === '' || key.tag === '!') && key.style === 'plain');
}
