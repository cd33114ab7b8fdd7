/** Whether this server can serve machines, and everything that keeps it from that, each in a sentence. */
export interface Readiness {
  readonly ready: boolean;
  readonly reasons: readonly string[];
}
