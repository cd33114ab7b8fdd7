import type { MacAddress } from '../protocol/mac-address.ts';
import type { BootEvent, BootEventKind } from '../provision/history/boot-event.ts';
import type { LogRetention } from './retention.ts';

/** A boot event with its place in the log and the session it was sorted into. */
export interface StoredBootEvent extends BootEvent {
  /** Rises in order of writing; a cursor for reading on. */
  readonly id: number;
  readonly sessionId: string;
}

/** A boot event before it is written. */
export type NewBootEvent = Omit<StoredBootEvent, 'id'>;

/** Which events to read. They come newest last. */
export interface BootEventQuery {
  /** Reads on from this event, at most `limit` of those that follow it. Absent: the newest `limit`. */
  readonly afterId?: number;
  readonly mac?: MacAddress;
  readonly kind?: BootEventKind;
  readonly limit: number;
}

/** How events are appended. */
export interface AppendOptions {
  /** Whether the disk must have them before the call resolves. */
  readonly synced?: boolean;
}

/** Keeps the boot events. */
export interface EventStore {
  /**
   * Appends events in order, in one transaction. Unless they are `synced`, a crash of the database's host may lose the
   * last ones; the end of a process does not.
   */
  appendEvents(events: readonly NewBootEvent[], options?: AppendOptions): Promise<void>;
  listEvents(query: BootEventQuery): Promise<StoredBootEvent[]>;
  /** Deletes the oldest events beyond what is kept, a limited number at a time, and returns how many it deleted. */
  pruneEvents(retention: LogRetention): Promise<number>;
}

/** The boot events of a database that another process writes. */
export interface EventReader {
  readonly events: Pick<EventStore, 'listEvents'>;
  close(): Promise<void>;
}
