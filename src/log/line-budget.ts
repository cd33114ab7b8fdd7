import type { Logger } from 'pino';
import { KeyedBuckets, TokenBucket } from '../limits/token-bucket.ts';
import { MinuteTally } from './minute-tally.ts';

/** How many lines of one sort the log gets. */
export interface LineLimits {
  /** Of one subject: at once, and then a minute. */
  readonly perSubject: { readonly burst: number; readonly perMinute: number };
  /** Of all subjects together: at once, and then a second. */
  readonly total: { readonly burst: number; readonly perSecond: number };
}

const SUBJECTS_MAX = 10_000;

/**
 * What the log gets of one sort of line that anybody on the network can cause. What is over a subject's own limit is
 * left out silently, since its first line is there; what is over the limit of all, who may be forged, is told by one
 * line a minute that says how many there were.
 */
export class LineBudget {
  readonly #subjects: KeyedBuckets;
  readonly #total: TokenBucket;
  readonly #leftOut: MinuteTally;

  /** `what` names the line in the one that stands for those left out. */
  constructor(log: Logger, what: string, { perSubject, total }: LineLimits) {
    this.#subjects = new KeyedBuckets(perSubject.perMinute / 60, perSubject.burst, SUBJECTS_MAX);
    this.#total = new TokenBucket(total.perSecond, total.burst, 0);
    this.#leftOut = new MinuteTally(({ more }) =>
      log.warn({ more }, `${what}: too many to log each; some lines were left out`),
    );
  }

  /** Whether a line about the subject may be written; takes it from the budget. Time is monotonic milliseconds. */
  take(subject: string, nowMs: number): boolean {
    if (!this.#subjects.take(subject, nowMs)) return false;
    if (this.#total.take(nowMs)) return true;
    this.#leftOut.add('more');
    return false;
  }

  /** Writes at once how many lines were left out. */
  end(): void {
    this.#leftOut.end();
  }
}
