/** Passes values from several producers to one consumer. A producer waits until its value is taken, so nothing piles up. */
export class Handoff<T> {
  readonly #offered: { readonly value: T; readonly taken: () => void }[] = [];
  #taker: ((value: T | undefined) => void) | undefined;
  #closed = false;

  /** Resolves when the value was taken, or nobody will. */
  put(value: T): Promise<void> {
    if (this.#closed) return Promise.resolve();
    if (this.#taker !== undefined) {
      const take = this.#taker;
      this.#taker = undefined;
      take(value);
      return Promise.resolve();
    }
    return new Promise((taken) => this.#offered.push({ value, taken }));
  }

  /** The next value; undefined if it is closed. */
  take(): Promise<T | undefined> {
    const next = this.#offered.shift();
    if (next !== undefined) {
      next.taken();
      return Promise.resolve(next.value);
    }
    if (this.#closed) return Promise.resolve(undefined);
    return new Promise((resolve) => (this.#taker = resolve));
  }

  close(): void {
    this.#closed = true;
    for (const { taken } of this.#offered.splice(0)) taken();
    this.#taker?.(undefined);
    this.#taker = undefined;
  }
}
