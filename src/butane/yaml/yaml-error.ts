/** A line and a column, counted from 1. */
export interface YamlPlace {
  readonly line: number;
  readonly col: number;
}

/** A document that is not well-formed YAML, or that does not fit its type; the message starts with `yaml: `. */
export class YamlError extends Error {
  override readonly name = 'YamlError';
  /** The place of the error; the line in the message is go-yaml's, which is often different. */
  readonly place: YamlPlace | undefined;

  constructor(problem: string, place?: YamlPlace) {
    super(`yaml: ${problem}`);
    this.place = place && { line: place.line, col: place.col };
  }
}

/** Bytes that are not text, which go-yaml finds while it reads. */
export class YamlReaderError extends YamlError {
  /** The offset where they begin; 0 for UTF-16. */
  readonly offset: number;

  constructor(problem: string, offset: number) {
    super(problem);
    this.offset = offset;
  }
}
