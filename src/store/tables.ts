import type { Generated } from 'kysely';
import type { LeaseState } from '../provision/dhcp/leases/lease.ts';
import type { BootEventKind } from '../provision/history/boot-event.ts';
import type { BootPhase } from '../provision/history/boot-phase.ts';
import type { BootDiagnosis } from '../provision/history/boot-timeline.ts';
import type { LifeState } from '../provision/machines/lifecycle/life.ts';
import type { ReportStatus } from '../provision/machines/reports/machine-report.ts';
import type { NewAuditEntry } from './audit-store.ts';
import type { StoredJson, StoredTime } from './columns.ts';
import type { StoredInventory } from './inventory-store.ts';
import type { TransitionKind } from './transition-store.ts';

// The tables as Kysely's queries see them, which are the same in both dialects; schema.sqlite.sql and
// schema.postgres.sql show them as the databases do.

interface LeaseTable {
  address: string;
  subnet_id: string;
  client_key: string;
  chaddr: string;
  state: LeaseState;
  client_id: string | null;
  hostname: string | null;
  relay_info: string | null;
  bound_at: StoredTime;
  expires_at: StoredTime;
}

interface DiscoveredMachineTable {
  mac: string;
  uuid: string | null;
  serial: string | null;
  manufacturer: string | null;
  product: string | null;
  arch: string | null;
  platform: string | null;
  address: string | null;
  first_seen_at: StoredTime;
  last_seen_at: StoredTime;
}

interface BootEventTable {
  id: Generated<number>;
  session_id: string;
  at: StoredTime;
  kind: BootEventKind;
  mac: string | null;
  address: string | null;
  machine_id: string | null;
  summary: string;
  detail: StoredJson;
}

interface MachineTable {
  source: string;
  id: string;
  record: StoredJson;
}

interface TransitionTable {
  number: number;
  at: StoredTime;
  machine_id: string;
  kind: TransitionKind;
  source: string;
  detail: StoredJson;
}

/** One row: the number of the latest transition. A transaction that fails also undoes its increment. */
interface TransitionCounterTable {
  last: number;
}

/** At most one row. */
interface KeptCatalogTable {
  generation: string;
  kept_at: StoredTime;
  /** Which parts are its content. */
  content_id: number;
}

/** A catalog's bytes, in parts small enough that leases need not wait for them. */
interface KeptCatalogPartTable {
  content_id: number;
  part: number;
  bytes: Uint8Array;
}

interface InventoryTable {
  name: string;
  put_at: StoredTime;
  put_by: string;
  put_id: string;
  state: StoredInventory['state'];
}

/** Changes of machines that belong to a replacement of an inventory, and are not records yet. */
interface StagedChangeTable {
  put_id: string;
  number: number;
  change: StoredJson;
}

interface LifeTable {
  machine_id: string;
  state: LifeState;
  life: StoredJson;
}

interface AuditTable {
  id: Generated<number>;
  at: StoredTime;
  actor: string;
  verb: string;
  target: string;
  reason: string;
  outcome: NewAuditEntry['outcome'];
  detail: StoredJson;
  address: string | null;
  request_id: string | null;
}

/** One boot of a machine. */
interface BootSessionTable {
  id: string;
  machine_id: string | null;
  started_at: StoredTime;
  phase: BootPhase | null;
  verdict: BootDiagnosis['verdict'];
  summary: StoredJson;
}

/** How machines boot from their disks, by model and by machine. */
interface LocalBootTable {
  kind: 'model' | 'machine';
  key: string;
  record: StoredJson;
}

/** Tokens of the operator plane; the record has the hash of the secret. */
interface TokenTable {
  id: string;
  record: StoredJson;
  last_used_at: StoredTime | null;
  last_used_from: string | null;
}

/** Operations over many machines. */
interface OperationTable {
  id: string;
  created_at: StoredTime;
  record: StoredJson;
}

/** What machines reported, without facts. */
interface ReportTable {
  id: Generated<number>;
  machine_id: string;
  at: StoredTime;
  status: ReportStatus;
  phase: string | null;
  message: string;
  detail: StoredJson;
}

/** What each machine last reported of its hardware. */
interface MachineFactsTable {
  machine_id: string;
  changed_at: StoredTime;
  reported_at: StoredTime;
  facts: StoredJson;
}

/** How the hardware of machines has changed. */
interface FactChangeTable {
  id: Generated<number>;
  machine_id: string;
  at: StoredTime;
  changes: StoredJson;
}

interface DnsRecordTable {
  address: string;
  record: StoredJson;
}

/** Only in PostgreSQL: the latest transaction of each aggregate (WriteFence). */
interface WriteFenceTable {
  aggregate: string;
  token: string;
}

/** One row: the process that has the database. */
interface StoreOwnerTable {
  owner: string;
  pid: number;
  command: string;
  host: string;
  since: StoredTime;
}

/** Empty, except while a probe is running. */
interface StoreProbeTable {
  content: Uint8Array;
}

/** All tables of the store. */
export interface StoreTables {
  leases: LeaseTable;
  discovered_machines: DiscoveredMachineTable;
  boot_events: BootEventTable;
  machines: MachineTable;
  transitions: TransitionTable;
  transition_counter: TransitionCounterTable;
  kept_catalog: KeptCatalogTable;
  kept_catalog_parts: KeptCatalogPartTable;
  inventories: InventoryTable;
  staged_changes: StagedChangeTable;
  lives: LifeTable;
  audit: AuditTable;
  boot_sessions: BootSessionTable;
  local_boots: LocalBootTable;
  tokens: TokenTable;
  operations: OperationTable;
  reports: ReportTable;
  machine_facts: MachineFactsTable;
  fact_changes: FactChangeTable;
  dns_records: DnsRecordTable;
  write_fences: WriteFenceTable;
  store_owner: StoreOwnerTable;
  store_probe: StoreProbeTable;
}
