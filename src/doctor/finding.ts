/** The result of one check. */
export interface Finding {
  /** Stable name of the check: `ports`, `foreign-dhcp`. */
  readonly check: string;
  /** problem: something will not work. warning: something may not work. */
  readonly verdict: 'ok' | 'warning' | 'problem';
  /** What was found, in words. */
  readonly text: string;
  /** What to do about it. */
  readonly remedy?: string;
}
