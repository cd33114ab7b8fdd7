import type { BootPhase } from '../provision/history/boot-phase.ts';
import type { BootSessionSummary } from '../provision/history/session-progress.ts';
import type { LogRetention } from './retention.ts';

/** Which sessions to read. */
export interface BootSessionQuery {
  /** Those that began before this session, by the order of the list; absent: from the latest on. */
  readonly before?: { readonly startedAt: Date; readonly id: string };
  readonly machineId?: string;
  readonly phase?: BootPhase;
  readonly verdict?: BootSessionSummary['diagnosis']['verdict'];
  readonly limit: number;
}

/** Stores the summaries of boot sessions. They are history: the last ones before a crash can be lost. */
export interface BootSessionStore {
  /** Inserts the sessions, or replaces those with the same ids. */
  recordSessions(sessions: readonly BootSessionSummary[]): Promise<void>;
  /** The latest first. */
  listSessions(query: BootSessionQuery): Promise<BootSessionSummary[]>;
  /** Undefined if there is none of this id. */
  findSession(id: string): Promise<BootSessionSummary | undefined>;
  /** Deletes the oldest sessions beyond the limits, a limited number at a time, and returns how many it deleted. */
  pruneSessions(retention: LogRetention): Promise<number>;
}
