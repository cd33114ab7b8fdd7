const MINUTE_MS = 60_000;

/** Counts dropped items by reason, and reports the counts at the end of every minute that has any. */
export class MinuteTally {
  readonly #tell: (counts: Readonly<Record<string, number>>) => void;
  readonly #counts = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(tell: (counts: Readonly<Record<string, number>>) => void) {
    this.#tell = tell;
  }

  /** Counts one more, or `by` more. Reasons must be from a fixed set: each is remembered until the minute ends. */
  add(reason: string, by = 1): void {
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + by);
    this.#timer ??= setTimeout(() => this.end(), MINUTE_MS).unref();
  }

  /** Ends the minute early. */
  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#counts.size === 0) return;
    const counts = Object.fromEntries(this.#counts);
    this.#counts.clear();
    this.#tell(counts);
  }
}
