/**
 * A map of what matters for a while, and of a bounded size whatever comes. Entries live in two generations, and the
 * older one is thrown away as a whole, so that nothing is ever searched for what is old: an entry stays for `keepMs`
 * at least after it was last looked up or set. When more than `maxKeys` come in that time, old ones go early.
 * Time is monotonic milliseconds.
 */
export class RecentMap<V> {
  readonly #keepMs: number;
  readonly #maxKeys: number;
  #current = new Map<string, V>();
  #previous = new Map<string, V>();
  #startedMs: number | undefined;

  constructor(keepMs: number, maxKeys: number) {
    this.#keepMs = keepMs;
    this.#maxKeys = maxKeys;
  }

  get(key: string, nowMs: number): V | undefined {
    this.#advance(nowMs);
    const value = this.#current.get(key);
    if (value !== undefined) return value;
    const earlier = this.#previous.get(key);
    if (earlier !== undefined) this.set(key, earlier, nowMs);
    return earlier;
  }

  set(key: string, value: V, nowMs: number): void {
    this.#advance(nowMs);
    this.#current.set(key, value);
  }

  #advance(nowMs: number): void {
    this.#startedMs ??= nowMs;
    const ageMs = nowMs - this.#startedMs;
    if (ageMs < this.#keepMs && this.#current.size < this.#maxKeys) return;
    this.#previous = ageMs >= 2 * this.#keepMs ? new Map<string, V>() : this.#current;
    this.#current = new Map();
    this.#startedMs = nowMs;
  }
}
