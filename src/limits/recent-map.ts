/**
 * A map of bounded size whose entries expire. Entries are in two generations, and the older one is dropped as a whole,
 * so that no search for expired entries is needed: an entry stays at least `keepMs` after it was last read or set. If
 * more than `maxKeys` keys are set in that time, old ones are dropped early. Time is monotonic milliseconds.
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
