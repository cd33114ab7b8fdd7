import { KeyedBuckets } from '../limits/token-bucket.ts';
import { parseIpv4 } from '../protocol/ipv4-address.ts';
import type { BootEventSink } from '../provision/history/boot-event.ts';
import { conflictEvents } from '../provision/machines/conflict-events.ts';
import type { Identification, IdentityClaims } from '../provision/machines/identification.ts';

/** Number of pairs of card and machine that are remembered. */
const PAIRS_MAX = 10_000;
const HOUR_S = 3600;

/**
 * Records that an HTTP request sends identifiers of another machine, once an hour for each pair of card and machine.
 */
export class ConflictReports {
  readonly #events: BootEventSink;
  readonly #now: () => Date;
  readonly #nowMs: () => number;
  readonly #reported = new KeyedBuckets(1 / HOUR_S, 1, PAIRS_MAX);

  constructor(events: BootEventSink, clock: { readonly now: () => Date; readonly nowMs: () => number }) {
    this.#events = events;
    this.#now = clock.now;
    this.#nowMs = clock.nowMs;
  }

  note(identification: Identification, claims: IdentityClaims, remoteAddress: string): void {
    if (identification.conflicts.length === 0) return;
    const address = parseIpv4(remoteAddress);
    for (const event of conflictEvents(identification, claims, this.#reported, this.#nowMs())) {
      this.#events.record({ at: this.#now(), ...event, ...(address !== undefined && { address }) });
    }
  }
}
