import type { BootEvent, BootEventKind } from './boot-event.ts';
import { KeyedBuckets, TokenBucket } from '../../limits/token-bucket.ts';

/** Why an event is not put on record; the words are labels of the counter `boot_events_left_out`. */
export type EventRefusal =
  /** A machine that waits asks again and again, and this has been told of it. */
  | 'repeated'
  /** The client has too many of this kind. */
  | 'client_rate'
  /** All machines that are known have too many. */
  | 'known_rate'
  /** All machines that are not known have too many: somebody may be making them up. */
  | 'unknown_rate'
  /** Machines' own reports are too many, or too long. */
  | 'report_rate';

/** Clients and kinds whose budget is remembered; more make us forget, not grow, and the totals hold all the same. */
const CLIENTS_MAX = 50_000;

// One boot brings about 15 events. One kind may come in numbers: boards and GRUB load some 20 files by TFTP.
const CLIENT_BURST = 30;
const CLIENT_PER_MINUTE = 10;

/** What a machine causes over and over, every 15 seconds, while it waits for a person. */
const WAITING: ReadonlySet<BootEventKind> = new Set<BootEventKind>([
  'ipxe.waiting',
  'ignition.refused',
  'boot.local',
  'dhcp.reservation_held',
]);
const WAITING_BURST = 3;
const WAITING_PER_MINUTE = 0.1;

// In KiB, or events that are no larger. Ten thousand machines that boot at once bring 150,000 events, whether they are
// known or not; what comes on and on is held to what the store can keep for hours without losing what came before.
const TOTAL_BURST = 150_000;
const KNOWN_PER_SECOND = 300;
const UNKNOWN_PER_SECOND = 100;

// In KiB: a report of 6 KiB from each of ten thousand machines, and then 170 MB a day.
const REPORTS_BURST = 65_536;
const REPORTS_PER_SECOND = 2;

/**
 * How much history anybody can make: so much of one kind for one client, and so much for all. Packets cost their
 * sender nothing and events stay on the disk, which leases need too. Machines that are known have a total of their
 * own, so that a flood of made-up ones does not take away theirs.
 */
export class EventBudget {
  readonly #isKnown: (event: BootEvent) => boolean;
  readonly #isOwn: (event: BootEvent) => boolean;
  readonly #clients = new KeyedBuckets(CLIENT_PER_MINUTE / 60, CLIENT_BURST, CLIENTS_MAX);
  readonly #waiting = new KeyedBuckets(WAITING_PER_MINUTE / 60, WAITING_BURST, CLIENTS_MAX);
  readonly #known = new TokenBucket(KNOWN_PER_SECOND, TOTAL_BURST, 0);
  readonly #unknown = new TokenBucket(UNKNOWN_PER_SECOND, TOTAL_BURST, 0);
  readonly #reports = new TokenBucket(REPORTS_PER_SECOND, REPORTS_BURST, 0);
  readonly #claimedReports = new TokenBucket(REPORTS_PER_SECOND, REPORTS_BURST, 0);

  /**
   * `isKnown`: whether the event is of a machine that has a record or a lease. `isOwn`: whether the request that
   * brought it came from an address of the machine that it names, which over HTTP anybody can name.
   */
  constructor(isKnown: (event: BootEvent) => boolean, isOwn: (event: BootEvent) => boolean = () => true) {
    this.#isKnown = isKnown;
    this.#isOwn = isOwn;
  }

  /** Takes an event from the budget; says why it must be left out, if it must. Time is monotonic milliseconds. */
  take(event: BootEvent, nowMs: number): EventRefusal | undefined {
    const { kind } = event;
    const own = this.#isOwn(event);
    // What is said in a machine's name from elsewhere counts for where it comes from, so that nobody uses up the
    // machine's own part. A machine that is recognised by its UUID may come with any MAC.
    const named = event.machineId ?? event.mac;
    const client = (own ? (named ?? event.address) : (event.address ?? named)) ?? '';
    // What it waits for may change, and then it is news.
    if (WAITING.has(kind) && !this.#waiting.take(`${client} ${kind} ${event.summary}`, nowMs)) {
      return 'repeated';
    }
    if (!this.#clients.take(`${client} ${kind}`, nowMs)) return 'client_rate';
    const size = Math.ceil(JSON.stringify(event.detail).length / 1024);
    if (kind === 'machine.report') {
      const reports = own ? this.#reports : this.#claimedReports;
      return reports.take(nowMs, size) ? undefined : 'report_rate';
    }
    if (this.#isKnown(event)) return this.#known.take(nowMs, size) ? undefined : 'known_rate';
    return this.#unknown.take(nowMs, size) ? undefined : 'unknown_rate';
  }
}
