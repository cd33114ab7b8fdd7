/** What was measured under one combination of label values. */
export interface MeasuredSeries {
  /** In the order of the names of the labels. */
  readonly labels: readonly string[];
  /** For each bound the number of values up to it; the last is the number of all values. */
  readonly cumulative: readonly number[];
  readonly sum: number;
}

interface Series {
  readonly labels: readonly string[];
  /** For each bound the number of values up to it and above the one before; the last is for those above all bounds. */
  readonly counts: number[];
  sum: number;
}

/**
 * How measured values are distributed. Takes a value in a tenth of a microsecond, since every request and packet has
 * one. The combinations of labels are few and known; nothing that a client sends is a label.
 */
export class Distribution {
  readonly #bounds: readonly number[];
  readonly #series = new Map<string, Series>();

  /** `bounds` are upper bounds, in rising order. */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
  }

  observe(value: number, labels: readonly string[]): void {
    const key = labels.join('\n');
    let series = this.#series.get(key);
    if (series === undefined) {
      series = { labels, counts: [...this.#bounds, Infinity].map(() => 0), sum: 0 };
      this.#series.set(key, series);
    }
    let place = 0;
    while (place < this.#bounds.length && value > (this.#bounds[place] as number)) place++;
    series.counts[place] = (series.counts[place] as number) + 1;
    series.sum += value;
  }

  /** Everything that was measured since the start. */
  list(): MeasuredSeries[] {
    return [...this.#series.values()].map(({ counts, labels, sum }) => {
      let total = 0;
      return { labels, cumulative: counts.map((count) => (total += count)), sum };
    });
  }
}
