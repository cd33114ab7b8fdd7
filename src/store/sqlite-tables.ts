import type { Generated } from 'kysely';
import type { BootEventKind } from '../provision/history/boot-event.ts';
import type { LeaseState } from '../provision/dhcp/leases/lease.ts';

// The tables as Kysely's queries see them; schema.sql has them as the database sees them. Times are wall-clock
// milliseconds since the epoch.

interface LeaseTable {
  address: string;
  subnet_id: string;
  client_key: string;
  chaddr: string;
  state: LeaseState;
  client_id: string | null;
  hostname: string | null;
  relay_info: string | null;
  bound_at: number;
  expires_at: number;
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
  first_seen_at: number;
  last_seen_at: number;
}

interface BootEventTable {
  id: Generated<number>;
  session_id: string;
  at: number;
  kind: BootEventKind;
  mac: string | null;
  address: string | null;
  machine_id: string | null;
  summary: string;
  /** JSON. */
  detail: string;
}

/** All tables of the store. */
export interface StoreTables {
  leases: LeaseTable;
  discovered_machines: DiscoveredMachineTable;
  boot_events: BootEventTable;
}
