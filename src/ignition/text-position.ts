/** A place in a text: lines and columns from 1, or 0 and 0 for a place that is not in the text. */
export interface TextPosition {
  readonly line: number;
  readonly col: number;
}

/** Turns byte offsets into lines and columns, columns counted in bytes; lines end with a line feed. */
export class LineIndex {
  readonly #bytes: Uint8Array;
  #starts: number[] | undefined;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** The place of a byte; an offset at or after the end of the text has none, and yields line 0 col 0. */
  position(offset: number): TextPosition {
    if (offset >= this.#bytes.length) return { line: 0, col: 0 };
    this.#starts ??= lineStarts(this.#bytes);
    let low = 0;
    let high = this.#starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.#starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return { line: low + 1, col: offset - (this.#starts[low] ?? 0) + 1 };
  }
}

function lineStarts(bytes: Uint8Array): number[] {
  const starts = [0];
  for (let at = bytes.indexOf(0x0a); at >= 0; at = bytes.indexOf(0x0a, at + 1)) starts.push(at + 1);
  return starts;
}
