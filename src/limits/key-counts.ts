/** How many of something each key has under way. A key that has none is not remembered. */
export class KeyCounts<K> {
  readonly #counts = new Map<K, number>();
  #total = 0;

  /** Of all keys together. */
  get total(): number {
    return this.#total;
  }

  /** Counts one more for the key, which `release` takes back; false, and nothing counted, if it has `max` already. */
  take(key: K, max: number): boolean {
    const count = this.#counts.get(key) ?? 0;
    if (count >= max) return false;
    this.#counts.set(key, count + 1);
    this.#total++;
    return true;
  }

  /** Takes back one that was counted. */
  release(key: K): void {
    const count = this.#counts.get(key) ?? 0;
    if (count <= 1) this.#counts.delete(key);
    else this.#counts.set(key, count - 1);
    this.#total--;
  }
}
