import type { Logger } from 'pino';
import { changesOf, type DhcpDecision } from '../../provision/dhcp/replies/dhcp-decision.ts';
import { leaseEventsOf } from '../../provision/dhcp/replies/lease-events.ts';
import type { DhcpEngine } from '../../provision/dhcp/dhcp-engine.ts';
import type { LeaseChange } from '../../provision/dhcp/leases/lease.ts';
import type { LeaseListener } from '../../provision/dhcp/leases/lease-event.ts';
import type { Moment } from '../../provision/dhcp/moment.ts';
import { KeyedBuckets } from '../../limits/token-bucket.ts';
import { StoreError } from '../../store/store-error.ts';
import type { LeaseStore } from '../../store/lease-store.ts';
import type { Counters } from '../../limits/counters.ts';

/** Told what became of a decision: whether its reply, if it has one, may be sent. */
export type CommitOutcome = (outcome: 'send' | 'drop') => void;

interface Waiting {
  readonly decision: DhcpDecision;
  readonly concluded: CommitOutcome;
}

/** Decisions that wait for the disk. At ten thousand a second that is a second, and clients ask again after a few. */
const WAITING_MAX = 10_000;
/** From here on finishing what was begun comes before beginning anything: an offer now is a request soon. */
const BEHIND = 1_000;
/**
 * A commit costs some 0.2 ms of processor time, whatever is in it, so a busy server collects before the next one: a
 * group this large says that more are coming, this many are enough to go at once, and nobody waits longer than this.
 */
const BUSY_GROUP = 4;
const ENOUGH = 64;
const COLLECT_MS = 2;
/** Decisions of one transaction: the reply of the first one waits for all. */
const GROUP_MAX = 512;

/**
 * Writes leases before their replies leave. What is decided while one transaction is under way goes into the next, so
 * that the disk is asked as often as it can answer, and groups grow with the load (docs/decisions/0030).
 */
export class LeaseWriter {
  readonly #store: Pick<LeaseStore, 'commitLeases'>;
  readonly #engine: Pick<DhcpEngine, 'committed' | 'commitFailed'>;
  readonly #now: () => Moment;
  readonly #counters: Counters;
  readonly #log: Logger;
  readonly #listener: LeaseListener | undefined;
  readonly #lines = new KeyedBuckets(1 / 60, 1, 1);
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;
  /** Another Railhead leases from the database now. This stays so until the next start. */
  #taken = false;

  /** `listener` is told of every change that is durable, after its reply has left. */
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
    this.#listener = listener;
  }

  /** Whether nothing more should be decided: the store is too far behind, or belongs to another Railhead now. */
  get full(): boolean {
    return this.#taken || this.#waiting.length >= WAITING_MAX;
  }

  /** Whether the store is behind, so that no more clients should be encouraged. */
  get behind(): boolean {
    return this.#waiting.length >= BEHIND;
  }

  /** Makes the decision's changes durable, and then tells the outcome. Changes are written in the order of the calls. */
  write(decision: DhcpDecision, concluded: CommitOutcome): void {
    this.#waiting.push({ decision, concluded });
    this.#running ??= this.#run();
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #run(): Promise<void> {
    // The rest of this turn's packets joins the first group.
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
          // What the book knows is out of date: another server may have given these addresses away.
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
