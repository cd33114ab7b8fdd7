import type { Logger } from 'pino';
import { changesOf, type DhcpDecision } from '../../provision/dhcp/replies/dhcp-decision.ts';
import { leaseEventsOf } from '../../provision/dhcp/replies/lease-events.ts';
import type { DhcpEngine } from '../../provision/dhcp/dhcp-engine.ts';
import type { LeaseChange } from '../../provision/dhcp/leases/lease.ts';
import type { LeaseListener } from '../../provision/dhcp/leases/lease-event.ts';
import type { Moment } from '../../provision/dhcp/moment.ts';
import { LineBudget, TROUBLE_LINES } from '../../log/line-budget.ts';
import { StoreError } from '../../store/store-error.ts';
import type { LeaseStore } from '../../store/lease-store.ts';
import type { Counters } from '../../limits/counters.ts';

/** Called with the outcome of a decision: whether its reply, if it has one, may be sent. */
export type CommitOutcome = (outcome: 'send' | 'drop') => void;

interface Waiting {
  readonly decision: DhcpDecision;
  readonly concluded: CommitOutcome;
}

/**
 * Maximum number of decisions that wait for the disk. At ten thousand per second that is one second, and clients ask
 * again after a few.
 */
const WAITING_MAX = 10_000;
/**
 * From this number on, exchanges that have begun are finished before new ones begin, since each offer leads to a
 * request.
 */
const BEHIND = 1_000;
/**
 * A commit takes some 0.2 ms of processor time, whatever its size, so a busy server collects decisions before the next
 * one. A group of the first size shows that more are coming, one of the second size is written at once, and no decision
 * waits longer than the last value.
 */
const BUSY_GROUP = 4;
const ENOUGH = 64;
const COLLECT_MS = 2;
/** Decisions in one transaction: the reply of the first one waits for all. */
const GROUP_MAX = 512;

/**
 * Writes leases before their replies are sent. Decisions that are made during one transaction go into the next, so that
 * there are as many commits as the disk can do, and groups grow with the load (docs/decisions/0030).
 */
export class LeaseWriter {
  readonly #store: Pick<LeaseStore, 'commitLeases'>;
  readonly #engine: Pick<DhcpEngine, 'committed' | 'commitFailed'>;
  readonly #now: () => Moment;
  readonly #counters: Counters;
  readonly #log: Logger;
  readonly #listener: LeaseListener | undefined;
  readonly #lines: LineBudget;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;
  /** Another Railhead now leases addresses from the database. This stays so until the next start. */
  #taken = false;

  /** `listener` is called with every change that is durable, after its reply was sent. */
  constructor(
    store: Pick<LeaseStore, 'commitLeases'>,
    engine: Pick<DhcpEngine, 'committed' | 'commitFailed'>,
    now: () => Moment,
    counters: Counters,
    log: Logger,
    listener?: LeaseListener,
  ) {
    this.#store = store;
    this.#engine = engine;
    this.#now = now;
    this.#counters = counters;
    this.#log = log;
    this.#lines = new LineBudget(log, 'failed writes of leases', TROUBLE_LINES);
    this.#listener = listener;
  }

  /** Whether no more decisions should be made: the store is too far behind, or another Railhead now uses it. */
  get full(): boolean {
    return this.#taken || this.#waiting.length >= WAITING_MAX;
  }

  /** Whether the store is behind, so that no further clients should get offers. */
  get behind(): boolean {
    return this.#waiting.length >= BEHIND;
  }

  /**
   * Makes the decision's changes durable, and then reports the outcome. Changes are written in the order of the calls.
   */
  write(decision: DhcpDecision, concluded: CommitOutcome): void {
    this.#waiting.push({ decision, concluded });
    this.#running ??= this.#run();
  }

  /** Resolves when no decision waits any more. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #run(): Promise<void> {
    // The other packets of this turn of the event loop join the first group.
    await new Promise((nextTurn) => setImmediate(nextTurn));
    while (this.#waiting.length > 0) {
      const group = this.#waiting.length <= GROUP_MAX ? this.#waiting : this.#waiting.slice(0, GROUP_MAX);
      this.#waiting = this.#waiting.slice(group.length);
      await this.#commit(group);
      if (group.length >= BUSY_GROUP && this.#waiting.length < ENOUGH) {
        await new Promise((collected) => setTimeout(collected, COLLECT_MS));
      }
    }
    this.#running = undefined;
  }

  async #commit(group: readonly Waiting[]): Promise<void> {
    const changes: LeaseChange[] = [];
    for (const { decision } of group) changes.push(...changesOf(decision));
    let failure: unknown;
    try {
      await this.#store.commitLeases(changes);
      this.#counters.add('dhcp_lease_commits');
    } catch (error) {
      failure = error ?? new Error('unknown');
      this.#counters.add('dhcp_lease_commits_failed');
      if (error instanceof StoreError) this.#taken ||= error.failure === 'taken';
      else if (this.#lines.take('commit', this.#now().monotonicMs)) {
        this.#log.error(
          { err: error },
          'leases cannot be written to the database: new clients get no address until writing works again',
        );
      }
    }
    const now = this.#now();
    for (const { concluded, decision } of group) {
      try {
        if (failure === undefined) {
          this.#engine.committed(decision, now);
          concluded('send');
          this.#tellListener(decision);
        } else {
          const outcome = this.#engine.commitFailed(decision, now);
          // The lease book is out of date: another server may have leased these addresses to others.
          concluded(this.#taken ? 'drop' : outcome);
        }
      } catch (error) {
        this.#counters.add('dhcp_faults');
        this.#log.error({ err: error }, 'a dhcp request could not be finished after its lease was written');
      }
    }
  }

  #tellListener(decision: DhcpDecision): void {
    if (this.#listener === undefined) return;
    for (const event of leaseEventsOf(decision)) this.#listener.leaseChanged(event);
  }
}
