import type { Logger } from 'pino';
import type { Counters } from '../limits/counters.ts';
import { LineBudget, type LineLimits } from '../log/line-budget.ts';
import { DeliveryPoster, type PostOutcome } from './post-delivery.ts';
import { signDelivery } from './sign-delivery.ts';

/** One event on its way to one receiver. */
export interface Delivery {
  /** The same for every attempt, so that a receiver can recognise an event that it gets twice. */
  readonly id: string;
  /** JSON. */
  readonly body: string;
  /** When it was added to the queue, in monotonic milliseconds. */
  readonly queuedMs: number;
}

/** The secret and certificates for a receiver, from files that a reload reads again. */
export interface WebhookCredentials {
  readonly secret: Uint8Array;
  /** Certificates of the authorities that may sign the receiver's certificate, as PEM; if absent, those of Node. */
  readonly ca?: string;
}

/** Time limits. The defaults suit receivers on other continents. */
export interface WebhookTiming {
  /** Limit of one attempt, from the look-up of the name to the end of the answer. */
  readonly timeoutMs: number;
  /** The wait before the second attempt; each later wait is twice as long. */
  readonly retryMsMin: number;
  readonly retryMsMax: number;
  /** A delivery that is older is dropped. */
  readonly ageMsMax: number;
}

/** What a destination needs. */
export interface WebhookDestinationParts {
  readonly url: URL;
  /** Throws an Error that names the invalid file. */
  readonly readCredentials: () => WebhookCredentials;
  readonly counters: Counters;
  readonly log: Logger;
  readonly clock: { readonly now: () => Date; readonly nowMs: () => number };
  /** Maximum number of waiting deliveries; beyond it, the oldest is dropped. */
  readonly queueMax?: number;
  readonly timing?: Partial<WebhookTiming>;
}

const TIMING: WebhookTiming = {
  timeoutMs: 10_000,
  retryMsMin: 1_000,
  retryMsMax: 60_000,
  ageMsMax: 3_600_000,
};
/** Some 6 MB of lease events. */
const QUEUE_MAX = 10_000;
/** How long the current delivery may take when the program ends. */
const CLOSE_GRACE_MS = 2_000;
/** Maximum wait that a receiver can ask for. */
const RETRY_AFTER_MS_MAX = 300_000;
const LINES: LineLimits = { perSubject: { burst: 1, perMinute: 1 }, total: { burst: 10, perSecond: 1 } };

/**
 * Sends deliveries to one receiver in order, one at a time, so that the end of a lease is never sent before its beginning.
 * While a receiver does not answer, its deliveries wait in memory, up to a number and an age. The caller never waits.
 */
export class WebhookDestination {
  readonly #parts: WebhookDestinationParts;
  readonly #timing: WebhookTiming;
  readonly #lines: LineBudget;
  readonly #waiting: Delivery[] = [];
  #credentials: WebhookCredentials;
  #poster: DeliveryPoster;
  /** The delivery that is being sent, until it is delivered or dropped. */
  #current: Delivery | undefined;
  #isWorking = false;
  /** Resolves when nothing is left to be sent. */
  #working: Promise<void> | undefined;
  #wake: (() => void) | undefined;
  #closed = false;

  /** Throws an Error that names a file that cannot be read. */
  constructor(parts: WebhookDestinationParts) {
    this.#parts = parts;
    this.#timing = { ...TIMING, ...parts.timing };
    this.#lines = new LineBudget(parts.log, 'failed webhook deliveries', LINES);
    this.#credentials = parts.readCredentials();
    this.#poster = this.#newPoster();
  }

  /** Deliveries that have not arrived yet. */
  get pending(): number {
    return this.#waiting.length + (this.#current === undefined ? 0 : 1);
  }

  /** Puts a delivery at the end of the queue. Returns at once, and does not throw. */
  add(delivery: Delivery): void {
    if (this.#closed) return;
    this.#waiting.push(delivery);
    if (this.#waiting.length > (this.#parts.queueMax ?? QUEUE_MAX)) {
      // The newest events describe the present state.
      this.#waiting.shift();
      this.#giveUp('queue_full', 'too many wait for this receiver, so the oldest was dropped');
    }
    if (!this.#isWorking) this.#working = this.#work();
  }

  /** Reads secret and certificates again. Throws if a file is invalid; the previous ones then stay in use. */
  reload(): void {
    this.#credentials = this.#parts.readCredentials();
    this.#poster.close();
    this.#poster = this.#newPoster();
    // The reload may have removed the reason for the wait.
    this.#wake?.();
  }

  /** Lets the current delivery finish within two seconds. Waiting deliveries are lost; the log says how many. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#wake?.();
    let timer: NodeJS.Timeout | undefined;
    const grace = new Promise((over) => (timer = setTimeout(over, CLOSE_GRACE_MS)));
    await Promise.race([this.#working, grace]);
    clearTimeout(timer);
    this.#poster.close();
    const { counters, log, url } = this.#parts;
    if (this.pending > 0) {
      counters.add('webhook_deliveries', 'stopped', this.pending);
      log.warn(
        { receiver: url.host, deliveries: this.pending },
        'webhook deliveries that had not arrived when the program ended are lost',
      );
    }
    this.#lines.end();
  }

  #newPoster(): DeliveryPoster {
    return new DeliveryPoster(this.#parts.url, this.#timing.timeoutMs, this.#credentials.ca);
  }

  async #work(): Promise<void> {
    this.#isWorking = true;
    while (!this.#closed && (this.#current = this.#waiting.shift()) !== undefined) {
      // The current delivery counts as lost, unless it was delivered or dropped.
      if (await this.#deliver(this.#current)) this.#current = undefined;
    }
    this.#isWorking = false;
  }

  /** Sends until the delivery is accepted, refused or too old; false if the program ends first. */
  async #deliver(delivery: Delivery): Promise<boolean> {
    const { counters, clock } = this.#parts;
    for (let tries = 0; ; tries++) {
      if (clock.nowMs() - delivery.queuedMs > this.#timing.ageMsMax) {
        this.#giveUp('too_old', `it could not be delivered within ${this.#timing.ageMsMax / 1000} s`);
        return true;
      }
      const outcome = await this.#try(delivery);
      if (outcome.kind === 'delivered') {
        counters.add('webhook_deliveries', 'delivered');
        return true;
      }
      if (outcome.kind === 'refused') {
        this.#giveUp('refused', outcome.reason);
        return true;
      }
      counters.add('webhook_deliveries', 'failed');
      if (this.#mayLog('failed')) {
        this.#parts.log.warn(
          { receiver: this.#parts.url.host, reason: outcome.reason, waiting: this.pending },
          'a webhook delivery failed and is tried again',
        );
      }
      if (!this.#closed) await this.#pause(tries, outcome.waitMs);
      if (this.#closed) return false;
    }
  }

  #try({ body, id }: Delivery): Promise<PostOutcome> {
    const { clock, url } = this.#parts;
    const timestamp = Math.floor(clock.now().getTime() / 1000);
    return this.#poster.post({
      url,
      body,
      headers: {
        'Content-Type': 'application/json',
        'User-Agent': 'railhead',
        ...signDelivery({ id, timestamp, body }, this.#credentials.secret),
      },
    });
  }

  /** Waits before the next attempt; a reload or the end of the program ends the wait. */
  #pause(tries: number, wantedMs = 0): Promise<void> {
    const { retryMsMax, retryMsMin } = this.#timing;
    const backoffMs = Math.min(retryMsMin * 2 ** tries, retryMsMax);
    return new Promise((resolve) => {
      const timer = setTimeout(
        () => this.#wake?.(),
        Math.max(backoffMs, Math.min(wantedMs, RETRY_AFTER_MS_MAX)),
      );
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
    });
  }

  #giveUp(label: 'queue_full' | 'too_old' | 'refused', reason: string): void {
    this.#parts.counters.add('webhook_deliveries', label);
    if (!this.#mayLog(label)) return;
    this.#parts.log.error(
      { receiver: this.#parts.url.host, reason },
      'a webhook delivery was given up; railhead_webhook_deliveries_total of /metrics says how many',
    );
  }

  #mayLog(what: string): boolean {
    return this.#lines.take(what, this.#parts.clock.nowMs());
  }
}
