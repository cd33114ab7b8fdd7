import type { Logger } from 'pino';
import type { AuditStore } from '../store/audit-store.ts';
import type { BootSessionStore } from '../store/boot-session-store.ts';
import type { DiscoveredMachineStore } from '../store/discovered-machine-store.ts';
import { StoreError } from '../store/store-error.ts';
import type { EventStore } from '../store/event-store.ts';
import type { ReportStore } from '../store/report-store.ts';
import type { TransitionStore } from '../store/transition-store.ts';

/** How much is kept. */
export interface HistoryLimits {
  /** Days that boot events are kept. */
  readonly eventDays: number;
  readonly eventsMax: number;
  /** Days that entries of the audit are kept. */
  readonly auditDays: number;
  readonly auditMax: number;
  /** Days that boot sessions are kept. */
  readonly sessionDays: number;
  readonly sessionsMax: number;
  readonly discoveredMax: number;
  /** Days that reports, changes of hardware, and the hardware of machines that nobody declares are kept. */
  readonly reportDays: number;
  readonly reportsMax: number;
  /** Days after their last change that the lives of machines that nobody declares are kept. */
  readonly lifeDays: number;
  /** Days that transitions are kept. */
  readonly transitionDays: number;
  readonly transitionsMax: number;
}

const INTERVAL_MS = 10 * 60_000;
const DAY_MS = 24 * 60 * 60_000;
/** Takes the store some milliseconds, which is the longest that a lease has to wait for it. */
const AT_ONCE = 500;
/** Each of these costs some five times as much as another row, since its transition is written. */
const DISCOVERED_AT_ONCE = 100;

/** A report with a log is a hundred times as large as another row. */
const REPORTS_AT_ONCE = 50;

/** What there is to delete from. */
export interface PrunableStore {
  readonly events: Pick<EventStore, 'pruneEvents'>;
  readonly sessions: Pick<BootSessionStore, 'pruneSessions'>;
  readonly audit: Pick<AuditStore, 'pruneAudit'>;
  readonly discovered: Pick<DiscoveredMachineStore, 'pruneDiscovered'>;
  readonly reports: Pick<ReportStore, 'pruneFactChanges' | 'pruneInventories' | 'pruneReports'>;
  readonly transitions: Pick<TransitionStore, 'pruneTransitions'>;
  /** Deletes lives of machines that nobody declares; resolves with their number. */
  readonly forgetLives: (limits: { readonly before: Date; readonly atOnce: number }) => Promise<number>;
}

/** Deletes old history regularly, a few rows at a time, so that leases can be written in between. */
export class HistoryPruner {
  readonly #store: PrunableStore;
  readonly #limits: HistoryLimits;
  readonly #log: Logger;
  readonly #now: () => Date;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #stopped = false;

  constructor(store: PrunableStore, limits: HistoryLimits, log: Logger, now: () => Date) {
    this.#store = store;
    this.#limits = limits;
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

  /** Deletes history that is too old or too much. Resolves when it is deleted, or the error is logged. */
  prune(): Promise<void> {
    this.#running ??= this.#pruneAll().finally(() => (this.#running = undefined));
    return this.#running;
  }

  async #pruneAll(): Promise<void> {
    const {
      auditDays,
      auditMax,
      discoveredMax,
      eventDays,
      eventsMax,
      lifeDays,
      reportDays,
      reportsMax,
      sessionDays,
      sessionsMax,
      transitionDays,
      transitionsMax,
    } = this.#limits;
    const { audit, discovered, events, forgetLives, reports, sessions, transitions } = this.#store;
    const at = this.#now();
    const daysAgo = (days: number): Date => new Date(at.getTime() - days * DAY_MS);
    try {
      await this.#repeat(AT_ONCE, () =>
        events.pruneEvents({ before: daysAgo(eventDays), newest: eventsMax, atOnce: AT_ONCE }),
      );
      await this.#repeat(AT_ONCE, () =>
        sessions.pruneSessions({ before: daysAgo(sessionDays), newest: sessionsMax, atOnce: AT_ONCE }),
      );
      await this.#repeat(AT_ONCE, () =>
        audit.pruneAudit({ before: daysAgo(auditDays), newest: auditMax, atOnce: AT_ONCE }),
      );
      const oldReports = { before: daysAgo(reportDays), newest: reportsMax, atOnce: REPORTS_AT_ONCE };
      await this.#repeat(REPORTS_AT_ONCE, () => reports.pruneReports(oldReports));
      await this.#repeat(REPORTS_AT_ONCE, () => reports.pruneFactChanges(oldReports));
      await this.#repeat(REPORTS_AT_ONCE, () => reports.pruneInventories(oldReports));
      await this.#repeat(AT_ONCE, () => forgetLives({ before: daysAgo(lifeDays), atOnce: AT_ONCE }));
      await this.#repeat(DISCOVERED_AT_ONCE, async () => {
        const limits = { newest: discoveredMax, atOnce: DISCOVERED_AT_ONCE, at };
        return (await discovered.pruneDiscovered(limits)).length;
      });
      // Last, since machines that are deleted leave transitions.
      await this.#repeat(AT_ONCE, () =>
        transitions.pruneTransitions({
          before: daysAgo(transitionDays),
          newest: transitionsMax,
          atOnce: AT_ONCE,
        }),
      );
    } catch (error) {
      if (error instanceof StoreError) return;
      this.#log.error({ err: error }, 'old history could not be deleted');
    }
  }

  async #repeat(atOnce: number, prune: () => Promise<number>): Promise<void> {
    let deleted = atOnce;
    while (deleted === atOnce && !this.#stopped) deleted = await prune();
  }
}
