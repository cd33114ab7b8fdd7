/** How many rows are kept. */
export interface Retention {
  /** No more than this many of the newest stay. */
  readonly newest: number;
  /** How many may be deleted in one call: leases wait in the store meanwhile. */
  readonly atOnce: number;
}

/** How much of a log is kept. */
export interface LogRetention extends Retention {
  /** Older entries are deleted. */
  readonly before: Date;
}
