/** Limits on the number of rows. */
export interface Retention {
  /** At most this many of the newest are kept. */
  readonly newest: number;
  /** Maximum number that is deleted in one call: leases wait meanwhile. */
  readonly atOnce: number;
}

/** The limits of a log. */
export interface LogRetention extends Retention {
  /** Older entries are deleted. */
  readonly before: Date;
}
