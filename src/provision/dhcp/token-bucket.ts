/** A budget of events: `burst` at once, refilled at `perSecond`. Time is monotonic milliseconds. */
export class TokenBucket {
  readonly #burst: number;
  readonly #perMs: number;
  #tokens: number;
  #at: number;

  constructor(perSecond: number, burst: number, nowMs: number) {
    this.#burst = burst;
    this.#perMs = perSecond / 1000;
    this.#tokens = burst;
    this.#at = nowMs;
  }

  /** Takes one event, or `count`, from the budget; false, and nothing taken, if there are not as many left. */
  take(nowMs: number, count = 1): boolean {
    this.#tokens = Math.min(this.#burst, this.#tokens + Math.max(0, nowMs - this.#at) * this.#perMs);
    this.#at = Math.max(this.#at, nowMs);
    if (this.#tokens < count) return false;
    this.#tokens -= count;
    return true;
  }
}

/**
 * Token buckets by key, for a bounded number of keys. A key that was silent for as long as its bucket takes to fill
 * needs no bucket: keys live in two generations, and the older one is thrown away as a whole. When more keys than
 * `maxKeys` come in one generation it is thrown away early, which forgives the few that were over their budget.
 */
export class KeyedBuckets {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #maxKeys: number;
  readonly #generationMs: number;
  #current = new Map<string, TokenBucket>();
  #previous = new Map<string, TokenBucket>();
  #startedAt: number | undefined;

  constructor(perSecond: number, burst: number, maxKeys: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#maxKeys = maxKeys;
    this.#generationMs = Math.max(1000, (burst / perSecond) * 1000);
  }

  /** Takes one event from the key's budget; false if it is used up. */
  take(key: string, nowMs: number): boolean {
    this.#startedAt ??= nowMs;
    if (nowMs - this.#startedAt >= this.#generationMs || this.#current.size >= this.#maxKeys) {
      const stale = nowMs - this.#startedAt >= 2 * this.#generationMs;
      this.#previous = stale ? new Map<string, TokenBucket>() : this.#current;
      this.#current = new Map();
      this.#startedAt = nowMs;
    }
    let bucket = this.#current.get(key);
    if (bucket === undefined) {
      bucket = this.#previous.get(key) ?? new TokenBucket(this.#perSecond, this.#burst, nowMs);
      this.#current.set(key, bucket);
    }
    return bucket.take(nowMs);
  }
}
