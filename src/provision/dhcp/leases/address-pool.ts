import type { OffsetRange } from '../subnets/compiled-subnet.ts';

/**
 * Which addresses of a subnet's pools to try next. Addresses that were never tried cost no memory: a cursor marks where
 * they begin. Returned addresses are queued, so that the one returned longest ago is given out first.
 */
export class AddressPool {
  readonly #ranges: readonly OffsetRange[];
  #rangeIndex = 0;
  #next: number;
  /** Returned offsets, oldest at `#head`, and a bit for each so that none is queued twice. */
  #returned: number[] = [];
  #head = 0;
  #inLine: Uint8Array | undefined;

  constructor(ranges: readonly OffsetRange[]) {
    this.#ranges = ranges;
    this.#next = ranges[0]?.first ?? 0;
  }

  /** Whether the offset is in one of the pools. */
  contains(offset: number): boolean {
    for (const range of this.#ranges) if (offset >= range.first && offset <= range.last) return true;
    return false;
  }

  /**
   * The next offset for which `isFree` returns true; it counts as taken until it is returned. Each offset is tried once
   * in a sweep, so the amortised cost is constant. Undefined if there is none.
   */
  take(isFree: (offset: number) => boolean): number | undefined {
    for (;;) {
      const offset = this.#takeUntried() ?? this.#takeReturned();
      if (offset === undefined || isFree(offset)) return offset;
    }
  }

  /** Returns an offset. One that the cursor has not reached yet is not queued. */
  giveBack(offset: number): void {
    if (!this.#wasTried(offset)) return;
    this.#inLine ??= new Uint8Array(((this.#ranges.at(-1)?.last ?? 0) >> 3) + 1);
    const bits = this.#inLine[offset >> 3] ?? 0;
    if ((bits & (1 << (offset & 7))) !== 0) return;
    this.#inLine[offset >> 3] = bits | (1 << (offset & 7));
    this.#returned.push(offset);
  }

  /** Restarts the sweep, after addresses may have become free unnoticed: reservations that were removed. */
  rewind(): void {
    this.#rangeIndex = 0;
    this.#next = this.#ranges[0]?.first ?? 0;
    this.#returned = [];
    this.#head = 0;
    this.#inLine = undefined;
  }

  #takeUntried(): number | undefined {
    for (;;) {
      const range = this.#ranges[this.#rangeIndex];
      if (range === undefined) return undefined;
      if (this.#next <= range.last) return this.#next++;
      this.#rangeIndex++;
      this.#next = this.#ranges[this.#rangeIndex]?.first ?? 0;
    }
  }

  #takeReturned(): number | undefined {
    const offset = this.#returned[this.#head];
    if (offset === undefined) {
      this.#returned = [];
      this.#head = 0;
      return undefined;
    }
    this.#head++;
    if (this.#inLine !== undefined)
      this.#inLine[offset >> 3] = (this.#inLine[offset >> 3] ?? 0) & ~(1 << (offset & 7));
    if (this.#head > 1024 && this.#head * 2 > this.#returned.length) {
      this.#returned = this.#returned.slice(this.#head);
      this.#head = 0;
    }
    return offset;
  }

  #wasTried(offset: number): boolean {
    for (let index = 0; index < this.#ranges.length; index++) {
      const range = this.#ranges[index];
      if (range === undefined || offset < range.first || offset > range.last) continue;
      return index < this.#rangeIndex || (index === this.#rangeIndex && offset < this.#next);
    }
    return false;
  }
}
