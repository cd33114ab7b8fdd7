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

/** Which events to read. They are sorted by age, the newest last; without `afterId`, the newest `limit` are read. */
export interface BootEventQuery {
  /** Reads at most `limit` of the events that follow this one. */
  readonly afterId?: number;
  /** Only events before this one. */
  readonly beforeId?: number;
  readonly mac?: MacAddress;
  /** Only events of one of these network cards. */
  readonly macs?: readonly MacAddress[];
  /** Only events of one boot; with a MAC address as well it is found by that. */
  readonly sessionId?: string;
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
  /** The lowest and the highest id; undefined if there are no events. */
  findEventRange(): Promise<{ readonly first: number; readonly last: number } | undefined>;
  /** Deletes the oldest events beyond the limits, a limited number at a time, and returns how many it deleted. */
  pruneEvents(retention: LogRetention): Promise<number>;
}

/** The boot events in a database that another process writes. */
export interface EventReader {
  readonly events: Pick<EventStore, 'listEvents'>;
  close(): Promise<void>;
}
