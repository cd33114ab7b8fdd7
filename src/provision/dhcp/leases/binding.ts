import type { Lease } from './lease.ts';

/** An address that was offered to a client and not requested yet. Kept only in memory. */
export class Offer {
  readonly offset: number;
  readonly clientKey: string;
  readonly madeAtMs: number;
  older: Offer | undefined = undefined;
  newer: Offer | undefined = undefined;
  aging = false;

  constructor(offset: number, clientKey: string, madeAtMs: number) {
    this.offset = offset;
    this.clientKey = clientKey;
    this.madeAtMs = madeAtMs;
  }
}

/** The known state of an address that was leased. `deadlineMs` is on the monotonic clock. */
export class Binding {
  readonly offset: number;
  lease: Lease;
  deadlineMs: number;
  queueIndex = -1;
  older: Binding | undefined = undefined;
  newer: Binding | undefined = undefined;
  aging = false;

  constructor(offset: number, lease: Lease, deadlineMs: number) {
    this.offset = offset;
    this.lease = lease;
    this.deadlineMs = deadlineMs;
  }

  /** Whether the address belongs to its client, or is withheld from all clients, at this moment. */
  get active(): boolean {
    return this.queueIndex >= 0;
  }
}
