import type { CatalogStore } from './catalog-store.ts';

import type { DiscoveredMachineStore } from './discovered-machine-store.ts';
import type { DnsRecordStore } from './dns-record-store.ts';
import type { EventStore } from './event-store.ts';
import type { LeaseStore } from './lease-store.ts';
import type { MachineStore } from './machine-store.ts';
import type { CatalogPartStore } from './queries/catalog-part-queries.ts';
import type { ProbeStore } from './queries/probe-queries.ts';
import type { TransitionStore } from './transition-store.ts';

/**
 * All that Railhead must remember, by aggregate; whoever uses one takes that one and no more. What each must do is in
 * test/contract/. Every promise rejects when the database fails; "not there" is undefined or an empty list, never an
 * error. Calls of one aggregate are carried out in the order in which they were made.
 */
export interface Store {
  readonly leases: LeaseStore;
  readonly discovered: DiscoveredMachineStore;
  readonly events: EventStore;
  readonly machines: MachineStore;
  readonly transitions: TransitionStore;
  readonly catalog: CatalogStore;
  readonly dnsRecords: DnsRecordStore;
  /** Waits for what was asked for, and closes. Every later call rejects. */
  close(): Promise<void>;
}

/** What each database implements. The catalog is in parts, which PartedCatalog makes one of. */
export interface DatabaseStore extends Omit<Store, 'catalog'> {
  readonly catalogParts: CatalogPartStore;
  readonly upkeep: ProbeStore;
}
