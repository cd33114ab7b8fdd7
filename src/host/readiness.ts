/** Whether one part of the program can serve. */
export interface PartReadiness {
  /** As messages name it: `catalog`, `store`, `DHCP`. */
  readonly part: string;
  /** One sentence for each reason why it cannot serve, or not everything; empty if it can. */
  readonly reasons: readonly string[];
}

/** Whether this server can serve machines, with one sentence for each reason why not. */
export interface Readiness {
  readonly ready: boolean;
  readonly reasons: readonly string[];
  /** The same by part of the program, with those that are ready. */
  readonly parts: readonly PartReadiness[];
}
