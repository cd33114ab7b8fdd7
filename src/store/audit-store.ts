import type { JsonObject } from '../provision/json-value.ts';
import type { LogRetention } from './retention.ts';

/** What somebody did, or was not permitted to do. */
export interface NewAuditEntry {
  readonly at: Date;
  /** Who: `socket:0` for a user of the server's own machine, or `system`. */
  readonly actor: string;
  /** What was asked for: `arm`, `approve`, `hold`. */
  readonly verb: string;
  /** The id of a machine, or kind and id of something else, as `token:7h2k9d0s1m4q`. */
  readonly target: string;
  readonly reason: string;
  /** `refused`: not possible in this state; `denied`: the actor lacks the permission. */
  readonly outcome: 'done' | 'refused' | 'denied';
  /** The state before and after, and the verb's parameters, without secrets. */
  readonly detail: JsonObject;
  /** Where the request came from; absent over the Unix socket. */
  readonly address?: string;
  /** As the answer to the request names it. */
  readonly requestId?: string;
}

/** An entry that is durable. */
export interface AuditEntry extends NewAuditEntry {
  /** Increases with every entry. */
  readonly id: number;
}

/** Which entries to read. */
export interface AuditQuery {
  /** Those before this entry; absent: the newest. */
  readonly beforeId?: number;
  /** Those after this entry, the oldest first. */
  readonly afterId?: number;
  readonly actor?: string;
  readonly verb?: string;
  readonly target?: string;
  readonly outcome?: NewAuditEntry['outcome'];
  /** From this time on. */
  readonly since?: Date;
  /** Before this time. */
  readonly until?: Date;
  readonly limit: number;
}

/** Stores what people and programs did. */
export interface AuditStore {
  /** Appends entries that belong to no change, as refusals. Resolves once they are durable. */
  appendAudit(entries: readonly NewAuditEntry[]): Promise<void>;
  /** The newest first, unless `afterId` is given. */
  listAudit(query: AuditQuery): Promise<AuditEntry[]>;
  /** Deletes the oldest entries beyond the limits, a limited number at a time, and returns how many it deleted. */
  pruneAudit(retention: LogRetention): Promise<number>;
}
