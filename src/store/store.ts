import type { Ipv4Address } from '../protocol/ipv4-address.ts';
import type { MacAddress } from '../protocol/mac-address.ts';
import type { MachineUuid } from '../protocol/machine-uuid.ts';
import type { BootEvent, BootEventKind } from '../provision/history/boot-event.ts';
import type { Lease, LeaseChange } from '../provision/dhcp/leases/lease.ts';

/** A machine that was seen and that no file declares. */
export interface DiscoveredMachine {
  readonly mac: MacAddress;
  readonly uuid?: MachineUuid;
  readonly serial?: string;
  readonly manufacturer?: string;
  readonly product?: string;
  readonly arch?: string;
  readonly platform?: string;
  readonly address?: Ipv4Address;
  readonly firstSeenAt: Date;
  readonly lastSeenAt: Date;
}

/** A boot event with its place in the log and the session it was sorted into. */
export interface StoredBootEvent extends BootEvent {
  /** Rises by time of writing; a cursor for reading on. */
  readonly id: number;
  readonly sessionId: string;
}

/** Which events to read. They come newest last. */
export interface BootEventQuery {
  /** Reads on from this event, at most `limit` of those that follow it. Absent: the newest `limit`. */
  readonly afterId?: number;
  readonly mac?: MacAddress;
  readonly kind?: BootEventKind;
  readonly limit: number;
}

/** How many are kept. */
export interface Retention {
  /** No more than so many of the newest stay. */
  readonly newest: number;
  /** How many may go at once: leases wait in the store meanwhile. */
  readonly atOnce: number;
}

/** Which events are kept. */
export interface EventRetention extends Retention {
  /** Older ones go. */
  readonly before: Date;
}

/**
 * What Railhead must remember. One interface for every database; test/contract/store.ts says what it must do.
 * Every promise rejects when the database is broken; "not there" is undefined or an empty list, never an error.
 */
export interface Store {
  /** Every binding, for the lease book at start. */
  loadLeases(): Promise<Lease[]>;
  /** Writes all changes in one transaction. Resolves once they are durable, as the store's settings define it. */
  commitLeases(changes: readonly LeaseChange[]): Promise<void>;

  /** Inserts or updates by MAC; what an earlier sighting told and this one does not stays, as does `firstSeenAt`. */
  recordDiscovered(machine: DiscoveredMachine): Promise<void>;
  /** By MAC. */
  listDiscovered(): Promise<DiscoveredMachine[]>;
  /** Forgets the machines that were seen longest ago beyond what is kept, and returns how many went. */
  pruneDiscovered(retention: Retention): Promise<number>;

  /** Appends events in order, in one transaction. */
  appendEvents(events: readonly Omit<StoredBootEvent, 'id'>[]): Promise<void>;
  listEvents(query: BootEventQuery): Promise<StoredBootEvent[]>;
  /** Deletes the oldest events beyond what is kept, a limited number at a time, and returns how many went. */
  pruneEvents(retention: EventRetention): Promise<number>;

  /** Waits for what was asked for, and closes. Every later call rejects. */
  close(): Promise<void>;
}
