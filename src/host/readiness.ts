/** Whether this server can serve machines, with one sentence for each reason why not. */
export interface Readiness {
  readonly ready: boolean;
  readonly reasons: readonly string[];
}
