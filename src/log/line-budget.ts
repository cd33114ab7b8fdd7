import type { Logger } from 'pino';
import { KeyedBuckets, TokenBucket } from '../limits/token-bucket.ts';
import { MinuteTally } from './minute-tally.ts';

/** Limits on the log lines of one kind. */
export interface LineLimits {
  /** For one subject: at once, and then per minute. */
  readonly perSubject: { readonly burst: number; readonly perMinute: number };
  /** For all subjects together: at once, and then per second. */
  readonly total: { readonly burst: number; readonly perSecond: number };
}

/**
 * For log lines about what goes wrong: one a minute for each subject, be it a client, a source or a cause, and 170,000 a
 * day in all.
 */
export const TROUBLE_LINES: LineLimits = {
  perSubject: { burst: 1, perMinute: 1 },
  total: { burst: 300, perSecond: 2 },
};

const SUBJECTS_MAX = 10_000;

/**
 * Limits the log lines of one kind that any host on the network can cause. Lines over a subject's own limit are dropped
 * silently, since its first line is there; lines over the common limit, whose subjects may be forged, are counted in
 * one line a minute.
 */
export class LineBudget {
  readonly #subjects: KeyedBuckets;
  readonly #total: TokenBucket;
  readonly #leftOut: MinuteTally;

  /** `what` names the kind of line in the line that counts the dropped ones. */
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

  /** Logs the number of dropped lines now. */
  end(): void {
    this.#leftOut.end();
  }
}
