import type { Lease } from './lease.ts';

/** An address that a client was offered and has not asked for yet. In memory only. */
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

/** What is known of an address that was leased. `deadlineMs` is on the monotonic clock. */
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

  /** Whether the address belongs to its client, or is kept from everybody, at this moment. */
  get active(): boolean {
    return this.queueIndex >= 0;
  }
}
