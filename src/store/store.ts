import type { AuditStore } from './audit-store.ts';
import type { BootSessionStore } from './boot-session-store.ts';
import type { CatalogStore } from './catalog-store.ts';
import type { DiscoveredMachineStore } from './discovered-machine-store.ts';
import type { DnsRecordStore } from './dns-record-store.ts';
import type { EventStore } from './event-store.ts';
import type { InventoryStore } from './inventory-store.ts';
import type { LifeStore } from './life-store.ts';
import type { LeaseStore } from './lease-store.ts';
import type { LocalBootStore } from './local-boot-store.ts';
import type { MachineStore } from './machine-store.ts';
import type { OperationStore } from './operation-store.ts';
import type { CatalogPartStore } from './queries/catalog-part-queries.ts';
import type { ProbeStore } from './queries/probe-queries.ts';
import type { ReportStore } from './report-store.ts';
import type { TokenStore } from './token-store.ts';
import type { TransitionStore } from './transition-store.ts';

/**
 * Everything that Railhead stores, by aggregate; users depend only on the aggregates they need. The required behaviour
 * of each is tested in test/contract/. Every promise rejects when the database fails; "not there" is undefined or an
 * empty list, never an error. Calls of one aggregate are executed in order.
 */
export interface Store {
  readonly leases: LeaseStore;
  readonly discovered: DiscoveredMachineStore;
  readonly events: EventStore;
  readonly machines: MachineStore;
  readonly inventories: InventoryStore;
  readonly transitions: TransitionStore;
  readonly catalog: CatalogStore;
  readonly lives: LifeStore;
  readonly audit: AuditStore;
  readonly sessions: BootSessionStore;
  readonly localBoots: LocalBootStore;
  readonly reports: ReportStore;
  readonly tokens: TokenStore;
  readonly operations: OperationStore;
  readonly dnsRecords: DnsRecordStore;
  /** Finishes pending calls, and closes. Every later call rejects. */
  close(): Promise<void>;
}

/** What each database implements. The catalog is in parts, which PartedCatalog combines. */
export interface DatabaseStore extends Omit<Store, 'catalog'> {
  readonly catalogParts: CatalogPartStore;
  readonly upkeep: ProbeStore;
}
