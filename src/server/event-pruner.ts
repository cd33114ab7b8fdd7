import type { Logger } from 'pino';
import type { Store } from '../store/store.ts';

/** How long boot events are kept. */
export interface EventPrunerSettings {
  readonly days: number;
  /** The most events that are kept. */
  readonly max: number;
}

const INTERVAL_MS = 10 * 60_000;
const DAY_MS = 24 * 60 * 60_000;
/** Some milliseconds for the store; a lease that is to be written meanwhile waits for no more than that. */
const AT_ONCE = 500;

/** Deletes old boot events now and then, a few at a time, so that leases are written in between. */
export class EventPruner {
  readonly #store: Pick<Store, 'pruneEvents'>;
  readonly #settings: EventPrunerSettings;
  readonly #log: Logger;
  readonly #now: () => Date;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #stopped = false;

  constructor(
    store: Pick<Store, 'pruneEvents'>,
    settings: EventPrunerSettings,
    log: Logger,
    now: () => Date,
  ) {
    this.#store = store;
    this.#settings = settings;
    this.#log = log;
    this.#now = now;
  }

  start(): void {
    this.#timer = setInterval(() => void this.prune(), INTERVAL_MS).unref();
  }

  /** Resolves when the last deletion is done. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#stopped = true;
    await this.#running;
  }

  /** Deletes what is too old or too much. Resolves when it is gone, or the store has refused and that is logged. */
  prune(): Promise<void> {
    this.#running ??= this.#pruneAll().finally(() => (this.#running = undefined));
    return this.#running;
  }

  async #pruneAll(): Promise<void> {
    const { days, max } = this.#settings;
    const before = new Date(this.#now().getTime() - days * DAY_MS);
    try {
      let deleted = AT_ONCE;
      while (deleted === AT_ONCE && !this.#stopped) {
        deleted = await this.#store.pruneEvents({ before, newest: max, atOnce: AT_ONCE });
      }
    } catch (error) {
      this.#log.error({ err: error }, 'old boot events could not be deleted');
    }
  }
}
