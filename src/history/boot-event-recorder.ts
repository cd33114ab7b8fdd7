import type { Logger } from 'pino';
import type { MacAddress } from '../protocol/mac-address.ts';
import type {
  BootEvent,
  BootEventKeeper,
  BootEventKind,
  BootEventSink,
  KeepOutcome,
} from '../provision/history/boot-event.ts';
import { printableText } from '../provision/history/printable-text.ts';
import type { BootSessions } from '../provision/history/boot-session.ts';
import { StoreError } from '../store/store-error.ts';
import type { EventStore, NewBootEvent } from '../store/event-store.ts';
import type { Counters } from '../limits/counters.ts';
import type { EventBudget, EventRefusal } from '../provision/history/event-budget.ts';
import { LineBudget, type LineLimits, TROUBLE_LINES } from '../log/line-budget.ts';
import { MinuteTally } from '../log/minute-tally.ts';

/** Maximum number of events that wait to be written; beyond it the oldest are dropped and counted. */
const QUEUE_MAX = 50_000;
/**
 * Events in one transaction. It is limited because leases wait in the store while it is written, and the event loop
 * waits while it is passed to the store.
 */
const BATCH_MAX = 64;
/** How long the first event of a batch may wait for others. */
const BATCH_DELAY_MS = 100;

/** Events that need an operator are also logged. */
const ALARMING: ReadonlySet<BootEventKind> = new Set<BootEventKind>([
  'machine.conflict',
  'dhcp.reservation_held',
  'access.refused',
]);
const ALARM_LINES: LineLimits = {
  perSubject: { burst: 1, perMinute: 1 / 60 },
  total: { burst: 100, perSecond: 1 },
};
/** An event that waits to be written, and whom to tell what became of it. */
interface Queued {
  readonly event: NewBootEvent;
  readonly settle: ((outcome: KeepOutcome) => void) | undefined;
}

/** What the recorder depends on. */
export interface BootEventRecorderParts {
  readonly store: Pick<EventStore, 'appendEvents'>;
  readonly sessions: BootSessions;
  readonly budget: EventBudget;
  readonly counters: Counters;
  /** The machine with this network card, for events that do not say which machine they are about. */
  readonly findMachineId?: (mac: MacAddress) => string | undefined;
  readonly log: Logger;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
}

/**
 * Accepts boot events within a budget, sorts them into sessions, and writes them in the background in batches, so that
 * booting machines do not wait for their history. Events that are left out are counted by reason in
 * `boot_events_left_out`, and reported in the log once a minute.
 */
export class BootEventRecorder implements BootEventSink, BootEventKeeper {
  readonly #parts: BootEventRecorderParts;
  readonly #leftOut: MinuteTally;
  readonly #alarms: LineBudget;
  /** A store that fails does so for every batch, so these lines are limited. */
  readonly #lines: LineBudget;
  readonly #listeners = new Set<(event: NewBootEvent) => void>();
  readonly #storedListeners = new Set<() => void>();
  #queue: Queued[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** When the oldest event of the batch that is being written happened. */
  #writesFrom: Date | undefined;
  #writing: Promise<void> | undefined;

  constructor(parts: BootEventRecorderParts) {
    this.#parts = parts;
    this.#lines = new LineBudget(parts.log, 'failed writes of boot events', TROUBLE_LINES);
    this.#alarms = new LineBudget(parts.log, 'events that need an operator', ALARM_LINES);
    this.#leftOut = new MinuteTally((leftOut) => {
      parts.log.warn(
        { leftOut },
        'some boot events were not recorded: there were more than the limits allow',
      );
    });
  }

  /** Calls `listener` with every event that is recorded. */
  onRecorded(listener: (event: NewBootEvent) => void): void {
    this.#listeners.add(listener);
  }

  /** Calls `listener` whenever events were stored. */
  onStored(listener: () => void): void {
    this.#storedListeners.add(listener);
  }

  /** Number of events that wait to be written. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** When the oldest event that is not stored yet happened; undefined if all are. */
  get unwrittenSince(): Date | undefined {
    return this.#writesFrom ?? this.#queue[0]?.event.at;
  }

  record(event: BootEvent): boolean {
    return this.#take(event);
  }

  /** The id of the session that an event belongs to, which will be recorded soon. */
  sessionOf(event: BootEvent): string {
    return this.#parts.sessions.assign(event);
  }

  keep(event: BootEvent): Promise<KeepOutcome> {
    return new Promise((settle) => {
      if (!this.#take(event, settle)) settle('left_out');
    });
  }

  #take(told: BootEvent, settle?: (outcome: KeepOutcome) => void): boolean {
    const { budget, log, nowMs, sessions } = this.#parts;
    const event = this.#withMachine({ ...told, summary: printableText(told.summary) });
    const refusal = budget.take(event, nowMs());
    if (refusal !== undefined) {
      this.#leaveOut(refusal, 1);
      return false;
    }
    if (ALARMING.has(event.kind) && this.#alarms.take(event.summary, nowMs())) {
      log.warn({ mac: event.mac, machine: event.machineId, address: event.address }, event.summary);
    }
    const recorded = { ...event, sessionId: sessions.assign(event) };
    this.#queue.push({ event: recorded, settle });
    if (this.#queue.length > QUEUE_MAX) {
      this.#lose(this.#queue.splice(0, BATCH_MAX), 'store_behind');
    }
    this.#timer ??= setTimeout(() => void this.#write(), BATCH_DELAY_MS);
    for (const listener of this.#listeners) listener(recorded);
    return true;
  }

  /** Writes everything recorded so far. Resolves when it is stored, or the error is logged. */
  async flush(): Promise<void> {
    while (this.#queue.length > 0 || this.#writing !== undefined) await this.#write();
    this.#leftOut.end();
    this.#alarms.end();
  }

  #withMachine(event: BootEvent): BootEvent {
    if (event.machineId !== undefined || event.mac === undefined) return event;
    const machineId = this.#parts.findMachineId?.(event.mac);
    return machineId === undefined ? event : { ...event, machineId };
  }

  #leaveOut(reason: EventRefusal | 'store_behind' | 'store_failed', count: number): void {
    this.#parts.counters.add('boot_events_left_out', reason, count);
    this.#leftOut.add(reason, count);
  }

  #lose(queued: readonly Queued[], reason: 'store_behind' | 'store_failed'): void {
    this.#leaveOut(reason, queued.length);
    for (const { settle } of queued) settle?.('failed');
  }

  async #write(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing ??= this.#writeQueue().finally(() => (this.#writing = undefined));
    await this.#writing;
  }

  async #writeQueue(): Promise<void> {
    const { log, nowMs, store } = this.#parts;
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, BATCH_MAX);
      this.#writesFrom = batch[0]?.event.at;
      try {
        const synced = batch.some(({ settle }) => settle !== undefined);
        await store.appendEvents(
          batch.map(({ event }) => event),
          { synced },
        );
        for (const { settle } of batch) settle?.('kept');
        for (const listener of this.#storedListeners) listener();
      } catch (error) {
        this.#lose(batch, 'store_failed');
        if (!(error instanceof StoreError) && this.#lines.take('store', nowMs())) {
          log.error({ err: error }, 'boot events could not be stored');
        }
      } finally {
        this.#writesFrom = undefined;
      }
    }
  }
}
