/** Counts how many operations of each key are in progress. A key without any is not remembered. */
export class KeyCounts<K> {
  readonly #counts = new Map<K, number>();
  #total = 0;

  /** The total of all keys. */
  get total(): number {
    return this.#total;
  }

  /** Adds one for the key, until `release` is called; returns false and adds nothing if the key already has `max`. */
  take(key: K, max: number): boolean {
    const count = this.#counts.get(key) ?? 0;
    if (count >= max) return false;
    this.#counts.set(key, count + 1);
    this.#total++;
    return true;
  }

  /** Removes one that was added. */
  release(key: K): void {
    const count = this.#counts.get(key) ?? 0;
    if (count <= 1) this.#counts.delete(key);
    else this.#counts.set(key, count - 1);
    this.#total--;
  }
}
