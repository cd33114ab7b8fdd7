import type { MacAddress } from '../protocol/mac-address.ts';
import type { BootEvent, BootEventKind } from '../provision/history/boot-event.ts';
import type { LogRetention } from './retention.ts';

/** A boot event with its id in the log and its session. */
export interface StoredBootEvent extends BootEvent {
  /** Increases in order of writing; readers use it as a cursor. */
  readonly id: number;
  readonly sessionId: string;
}

/** A boot event before it is written. */
export type NewBootEvent = Omit<StoredBootEvent, 'id'>;

/** Which events to read. They are sorted by age, the newest last. */
export interface BootEventQuery {
  /** Reads at most `limit` of the events that follow this one. If absent, the newest `limit`. */
  readonly afterId?: number;
  readonly mac?: MacAddress;
  readonly kind?: BootEventKind;
  readonly limit: number;
}

/** How events are appended. */
export interface AppendOptions {
  /** Whether they must be on the disk before the call resolves. */
  readonly synced?: boolean;
}

/** Stores the boot events. */
export interface EventStore {
  /**
   * Appends events in order, in one transaction. Unless they are `synced`, a crash of the database's host may lose the
   * last ones; the end of a process does not.
   */
  appendEvents(events: readonly NewBootEvent[], options?: AppendOptions): Promise<void>;
  listEvents(query: BootEventQuery): Promise<StoredBootEvent[]>;
  /** Deletes the oldest events beyond the limits, a limited number at a time, and returns how many it deleted. */
  pruneEvents(retention: LogRetention): Promise<number>;
}

/** The boot events in a database that another process writes. */
export interface EventReader {
  readonly events: Pick<EventStore, 'listEvents'>;
  close(): Promise<void>;
}
