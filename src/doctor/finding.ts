/** What one check found. */
export interface Finding {
  /** Stable name of the check: `ports`, `foreign-dhcp`. */
  readonly check: string;
  /** problem: something will not work. warning: something may not. */
  readonly verdict: 'ok' | 'warning' | 'problem';
  /** What is the case, in words. */
  readonly text: string;
  /** What to do about it. */
  readonly remedy?: string;
}
