import type { Logger } from 'pino';
import type { BootEvent, BootEventSink } from '../provision/boot-event.ts';
import type { BootSessions } from '../provision/boot-session.ts';
import type { Store, StoredBootEvent } from '../store/store.ts';

/** Events that wait to be written; past it the oldest are dropped, and counted. */
const QUEUE_MAX = 50_000;
/** Events of one transaction: leases wait in the store while it is written, and the event loop while it is handed over. */
const BATCH_MAX = 64;
/** How long the first event of a batch may wait for others. */
const BATCH_DELAY_MS = 100;

/** Told of every event as it happens, before it is written. Must not throw. */
export type BootEventListener = (event: Omit<StoredBootEvent, 'id'>) => void;

/**
 * Sorts boot events into sessions, tells whoever listens, and writes them behind, in batches: a boot storm must not
 * wait for its own history.
 */
export class BootEventRecorder implements BootEventSink {
  readonly #store: Pick<Store, 'appendEvents'>;
  readonly #sessions: BootSessions;
  readonly #log: Logger;
  readonly #listeners = new Set<BootEventListener>();
  #queue: Omit<StoredBootEvent, 'id'>[] = [];
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #dropped = 0;

  constructor(store: Pick<Store, 'appendEvents'>, sessions: BootSessions, log: Logger) {
    this.#store = store;
    this.#sessions = sessions;
    this.#log = log;
  }

  /** How many events were dropped since the start because the store could not keep up or refused them. */
  get dropped(): number {
    return this.#dropped;
  }

  record(event: BootEvent): void {
    const stored = { ...event, sessionId: this.#sessions.assign(event) };
    for (const listener of this.#listeners) listener(stored);
    this.#queue.push(stored);
    if (this.#queue.length > QUEUE_MAX) {
      this.#queue.splice(0, BATCH_MAX);
      this.#dropped += BATCH_MAX;
    }
    this.#timer ??= setTimeout(() => void this.#write(), BATCH_DELAY_MS);
  }

  /** Calls `listener` for every event from now on; the function returned ends that. */
  subscribe(listener: BootEventListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Writes everything recorded so far. Resolves when it is in the store, or was refused and logged. */
  async flush(): Promise<void> {
    while (this.#queue.length > 0 || this.#writing !== undefined) await this.#write();
  }

  async #write(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing ??= this.#writeQueue().finally(() => (this.#writing = undefined));
    await this.#writing;
  }

  async #writeQueue(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, BATCH_MAX);
      try {
        await this.#store.appendEvents(batch);
      } catch (error) {
        this.#dropped += batch.length;
        this.#log.error({ err: error, events: batch.length }, 'boot events could not be stored');
      }
    }
  }
}
