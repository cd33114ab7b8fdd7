import type { Logger } from 'pino';
import type { Counters } from '../limits/counters.ts';
import { LineBudget, type LineLimits } from '../log/line-budget.ts';
import { DeliveryPoster, type PostOutcome } from './post-delivery.ts';
import { signDelivery } from './sign-delivery.ts';

/** One event on its way to one receiver. */
export interface Delivery {
  /** The same for every try, so that a receiver that gets it twice can tell. */
  readonly id: string;
  /** JSON. */
  readonly body: string;
  /** When it was put into the queue, in monotonic milliseconds. */
  readonly queuedMs: number;
}

/** What a receiver is reached with. Read from files, and read again by a reload. */
export interface WebhookCredentials {
  readonly secret: Uint8Array;
  /** Certificates of the authorities that the receiver's is to be signed by, as PEM; absent: those of Node. */
  readonly ca?: string;
}

/** How long things may take. The defaults suit receivers across the world. */
export interface WebhookTiming {
  /** One try, from the look-up of the name to the end of the answer. */
  readonly timeoutMs: number;
  /** The wait before the second try; each further one is twice as long. */
  readonly retryMsMin: number;
  readonly retryMsMax: number;
  /** A delivery that is older is given up. */
  readonly ageMsMax: number;
}

/** What a destination is made of. */
export interface WebhookDestinationParts {
  readonly url: URL;
  /** Throws an Error that names the file that is bad. */
  readonly readCredentials: () => WebhookCredentials;
  readonly counters: Counters;
  readonly log: Logger;
  readonly clock: { readonly now: () => Date; readonly nowMs: () => number };
  /** Deliveries that may wait; more push out the oldest. */
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
/** How long the delivery that is under way may take when the program ends. */
const CLOSE_GRACE_MS = 2_000;
/** A receiver that asks for more patience is tried anyway. */
const RETRY_AFTER_MS_MAX = 300_000;
const LINES: LineLimits = { perSubject: { burst: 1, perMinute: 1 }, total: { burst: 10, perSecond: 1 } };
const COUNTER = 'webhook_deliveries';

/**
 * Sends deliveries to one receiver, in their order, one at a time: a lease that ended is never told before it began.
 * While a receiver is away its deliveries wait in memory, up to a number and an age. Nothing here makes the caller wait.
 */
export class WebhookDestination {
  readonly #parts: WebhookDestinationParts;
  readonly #timing: WebhookTiming;
  readonly #lines: LineBudget;
  readonly #waiting: Delivery[] = [];
  #credentials: WebhookCredentials;
  #poster: DeliveryPoster;
  /** The delivery that is being tried, until it is delivered or given up. */
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
      // What is newest says where things stand.
      this.#waiting.shift();
      this.#giveUp('queue_full', 'too many wait for this receiver, so the oldest was dropped');
    }
    if (!this.#isWorking) this.#working = this.#work();
  }

  /** Reads secret and certificates again. Throws if a file is bad, and then those of before stay in use. */
  reload(): void {
    this.#credentials = this.#parts.readCredentials();
    this.#poster.close();
    this.#poster = this.#newPoster();
    // What was waited for may be just what has changed.
    this.#wake?.();
  }

  /** Lets the delivery under way finish, within two seconds. What waits is lost; the log says how much that is. */
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
      counters.add(COUNTER, 'stopped', this.pending);
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
      // One that was under way when the program ended counts as lost, unless it arrived or was given up.
      if (await this.#deliver(this.#current)) this.#current = undefined;
    }
    this.#isWorking = false;
  }

  /** Tries until it has arrived, is refused or is too old; false if the program ends before that. */
  async #deliver(delivery: Delivery): Promise<boolean> {
    const { counters, clock } = this.#parts;
    for (let tries = 0; ; tries++) {
      if (clock.nowMs() - delivery.queuedMs > this.#timing.ageMsMax) {
        this.#giveUp('too_old', `it could not be delivered within ${this.#timing.ageMsMax / 1000} s`);
        return true;
      }
      const outcome = await this.#try(delivery);
      if (outcome.kind === 'delivered') {
        counters.add(COUNTER, 'delivered');
        return true;
      }
      if (outcome.kind === 'refused') {
        this.#giveUp('refused', outcome.reason);
        return true;
      }
      counters.add(COUNTER, 'failed');
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

  /** Waits before the next try; a reload and the end of the program cut it short. */
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
    this.#parts.counters.add(COUNTER, label);
    if (!this.#mayLog(label)) return;
    this.#parts.log.error(
      { receiver: this.#parts.url.host, reason },
      'a webhook delivery was given up; see webhook_deliveries of /api/v1/counters for how many',
    );
  }

  #mayLog(what: string): boolean {
    return this.#lines.take(what, this.#parts.clock.nowMs());
  }
}
