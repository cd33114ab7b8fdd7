import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { ApiError } from './api-error.ts';

/** A request that names a key, so that repeating it has no second effect. */
export interface KeyedRequest {
  /** The Idempotency-Key header. */
  readonly key: string;
  /** Who sends it: each has keys of their own. */
  readonly actor: string;
  /** Method, path, query and body: what must be the same when the key is used again. */
  readonly content: readonly (string | Uint8Array)[];
}

interface Remembered {
  readonly fingerprint: string;
  /** Undefined while the request is being carried out. */
  readonly answer?: unknown;
}

/** Answers are kept for a day, for clients that retry, and at most so many bytes of them. */
const KEEP_MS = 24 * 60 * 60_000;
const KEYS_MAX = 20_000;
const BYTES_MAX = 32 * 1024 * 1024;
const KEY = /^[\x21-\x7e]{1,255}$/;

/**
 * Carries a request out once for each Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): a repetition gets the
 * answer of the first. Keys are kept in memory: after a restart a repetition is carried out again, and then meets the
 * state that the first one left.
 */
export class Idempotency {
  readonly #answers: LRUCache<string, Remembered>;

  /** `nowMs` is a monotonic clock. */
  constructor(nowMs: () => number) {
    this.#answers = new LRUCache<string, Remembered>({
      max: KEYS_MAX,
      maxSize: BYTES_MAX,
      sizeCalculation: ({ answer }) => 256 + (answer === undefined ? 0 : JSON.stringify(answer).length),
      ttl: KEEP_MS,
      perf: { now: nowMs },
    });
  }

  /** Carries out `run`, or returns the answer that it gave before. Throws ApiError if the key is used otherwise. */
  async once<T>({ actor, content, key }: KeyedRequest, run: () => Promise<T>): Promise<T> {
    if (!KEY.test(key))
      throw new ApiError(
        'invalid_request',
        'Idempotency-Key: has 1 to 255 visible ASCII characters, and no blank',
      );
    const fingerprint = fingerprintOf(content);
    const name = `${actor} ${key}`;
    const known = this.#answers.get(name);
    if (known !== undefined) {
      if (known.fingerprint !== fingerprint)
        throw new ApiError('idempotency_mismatch', 'the key came with another method, path, query or body');
      if (known.answer === undefined)
        throw new ApiError('idempotency_in_progress', 'the first request has no answer yet');
      return known.answer as T;
    }
    this.#answers.set(name, { fingerprint });
    try {
      const answer = await run();
      this.#answers.set(name, { fingerprint, answer });
      return answer;
    } catch (error) {
      // What failed may be tried again.
      this.#answers.delete(name);
      throw error;
    }
  }
}

function fingerprintOf(content: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const part of content) hash.update(part).update('\0');
  return hash.digest('base64');
}
