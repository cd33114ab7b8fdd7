/** The kinds of tokens in a YAML stream, with the names of YAML 1.1's productions. */
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

/** How a scalar was written. Everything but `plain` is a string, regardless of its text. */
export type ScalarStyle = 'plain' | 'single-quoted' | 'double-quoted' | 'literal' | 'folded';

/** One token; lines and columns are counted from 0. */
export interface Token {
  readonly type: TokenType;
  readonly line: number;
  readonly column: number;
  /** Number of columns that the token itself takes: 0 for one that follows only from the layout. */
  readonly width: number;
  /** Text of a scalar, name of an anchor or alias, handle of a tag, or version `1.1` of a directive. */
  readonly value: string;
  /** The part after the handle of a tag, or the prefix that a tag directive gives the handle. */
  readonly suffix: string;
  readonly style: ScalarStyle;
}
