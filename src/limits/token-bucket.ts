import { RecentMap } from './recent-map.ts';

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

  /** Takes one event, or `count`, from the budget; returns false and takes nothing if fewer are left. */
  take(nowMs: number, count = 1): boolean {
    this.#tokens = Math.min(this.#burst, this.#tokens + Math.max(0, nowMs - this.#at) * this.#perMs);
    this.#at = Math.max(this.#at, nowMs);
    if (this.#tokens < count) return false;
    this.#tokens -= count;
    return true;
  }
}

/**
 * Token buckets by key, for a bounded number of keys. A key that was not used for as long as its bucket takes to fill
 * needs no bucket and is removed. If more than `maxKeys` keys are used in that time, some are removed early, and their
 * budget starts full again.
 */
export class KeyedBuckets {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #buckets: RecentMap<TokenBucket>;

  constructor(perSecond: number, burst: number, maxKeys: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#buckets = new RecentMap(Math.max(1000, (burst / perSecond) * 1000), maxKeys);
  }

  /** Takes one event from the key's budget; false if it is used up. */
  take(key: string, nowMs: number): boolean {
    let bucket = this.#buckets.get(key, nowMs);
    if (bucket === undefined) {
      bucket = new TokenBucket(this.#perSecond, this.#burst, nowMs);
      this.#buckets.set(key, bucket, nowMs);
    }
    return bucket.take(nowMs);
  }
}
