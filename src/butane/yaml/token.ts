/** The kinds of tokens a YAML stream consists of, as YAML 1.1's productions name them. */
export type TokenType =
  | 'stream-end'
  | 'version-directive'
  | 'tag-directive'
  | 'document-start'
  | 'document-end'
  | 'block-sequence-start'
  | 'block-mapping-start'
  | 'block-end'
  | 'flow-sequence-start'
  | 'flow-sequence-end'
  | 'flow-mapping-start'
  | 'flow-mapping-end'
  | 'block-entry'
  | 'flow-entry'
  | 'key'
  | 'value'
  | 'alias'
  | 'anchor'
  | 'tag'
  | 'scalar';

/** How a scalar was written. Everything but `plain` is a string, whatever it looks like. */
export type ScalarStyle = 'plain' | 'single-quoted' | 'double-quoted' | 'literal' | 'folded';

/** One token; lines and columns are counted from 0. */
export interface Token {
  readonly type: TokenType;
  readonly line: number;
  readonly column: number;
  /** Columns that the token itself takes: 0 for one that only follows from the layout. */
  readonly width: number;
  /** Text of a scalar, name of an anchor or alias, handle of a tag, or version `1.1` of a directive. */
  readonly value: string;
  /** What follows the handle of a tag, or the prefix that a tag directive gives it. */
  readonly suffix: string;
  readonly style: ScalarStyle;
}
