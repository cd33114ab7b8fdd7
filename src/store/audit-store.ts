import type { JsonObject } from '../provision/json-value.ts';

/** What somebody did, or was not permitted to do. */
export interface NewAuditEntry {
  readonly at: Date;
  /** Who: `socket:0` for a user of the server's own machine, or `system`. */
  readonly actor: string;
  /** What was asked for: `arm`, `approve`, `hold`. */
  readonly verb: string;
  /** The machine. */
  readonly target: string;
  readonly reason: string;
  /** `refused`: not possible in this state; `denied`: the actor lacks the permission. */
  readonly outcome: 'done' | 'refused' | 'denied';
  /** The state before and after, and the verb's parameters, without secrets. */
  readonly detail: JsonObject;
}

/** An entry that is durable. */
export interface AuditEntry extends NewAuditEntry {
  /** Increases with every entry. */
  readonly id: number;
}
