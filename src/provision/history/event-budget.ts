import type { BootEvent, BootEventKind } from './boot-event.ts';
import { KeyedBuckets, TokenBucket } from '../../limits/token-bucket.ts';

/** Why an event is not put on record; the words are labels of the counter `boot_events_left_out`. */
export type EventRefusal =
  /** The machine is waiting and asks repeatedly, and this event was already recorded. */
  | 'repeated'
  /** The client caused too many events of this kind. */
  | 'client_rate'
  /** All known machines together caused too many events. */
  | 'known_rate'
  /** All unknown machines together caused too many events; their packets may be forged. */
  | 'unknown_rate'
  /** Machines sent too many or too long reports. */
  | 'report_rate';

/**
 * Number of pairs of client and kind whose budget is remembered. Beyond it old pairs are forgotten, while the totals
 * still apply.
 */
const CLIENTS_MAX = 50_000;

// One boot causes about 15 events. Some kinds occur often in one boot: boards and GRUB load some 20 files by TFTP.
const CLIENT_BURST = 30;
const CLIENT_PER_MINUTE = 10;

/** Events that a machine causes every 15 seconds while it waits for an operator. */
const WAITING: ReadonlySet<BootEventKind> = new Set<BootEventKind>([
  'ipxe.waiting',
  'ignition.refused',
  'boot.local',
  'dhcp.reservation_held',
]);
const WAITING_BURST = 3;
const WAITING_PER_MINUTE = 0.1;

// In KiB, or events that are no larger. Ten thousand machines that boot at once cause 150,000 events, whether they are
// known or not. A steady stream is limited to a rate that the store can keep for hours without losing earlier events.
const TOTAL_BURST = 150_000;
const KNOWN_PER_SECOND = 300;
const UNKNOWN_PER_SECOND = 100;

// In KiB: a report of 6 KiB from each of ten thousand machines, and then 170 MB a day.
const REPORTS_BURST = 65_536;
const REPORTS_PER_SECOND = 2;

/**
 * Limits how much history can be caused: per client and kind, and in total. Packets cost their sender nothing, while
 * events take disk space that leases need too. Known machines have a total of their own, so that a flood of forged ones
 * does not use it up.
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
   * `isKnown`: whether the event is of a machine that has a record or a lease. `isOwn`: whether the request came from
   * an address of the machine that it names: over HTTP a request can name any machine.
   */
  constructor(isKnown: (event: BootEvent) => boolean, isOwn: (event: BootEvent) => boolean = () => true) {
    this.#isKnown = isKnown;
    this.#isOwn = isOwn;
  }

  /** Takes an event from the budget; returns the reason if it must be left out. Time is monotonic milliseconds. */
  take(event: BootEvent, nowMs: number): EventRefusal | undefined {
    const { kind } = event;
    const own = this.#isOwn(event);
    // A request that names a machine but comes from another address is charged to that address, so that it cannot use
    // up the machine's own budget. A machine that is recognised by its UUID may send any MAC.
    const named = event.machineId ?? event.mac;
    const client = (own ? (named ?? event.address) : (event.address ?? named)) ?? '';
    // When the reason for waiting changes, the event is recorded again.
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
