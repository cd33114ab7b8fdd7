import type { Insertable, Selectable } from 'kysely';
import type { Ipv4Address } from '../protocol/ipv4-address.ts';
import type { MacAddress } from '../protocol/mac-address.ts';
import type { MachineUuid } from '../protocol/machine-uuid.ts';
import type { Lease } from '../provision/dhcp/leases/lease.ts';
import type { JsonObject } from '../provision/json-value.ts';
import type { StoreTables } from './sqlite-tables.ts';
import type { DiscoveredMachine, StoredBootEvent } from './store.ts';

// Each pair turns a value into a row and back. The keys of a row are always all there and in one order, so that its
// values fit a prepared statement.

type LeaseRow = Selectable<StoreTables['leases']>;
type MachineRow = Selectable<StoreTables['discovered_machines']>;
type EventRow = Selectable<StoreTables['boot_events']>;

/** A lease without end is stored as the largest integer that JavaScript reads back exactly. */
const FOREVER = Number.MAX_SAFE_INTEGER;

export function leaseToRow(lease: Lease): Insertable<StoreTables['leases']> {
  return {
    address: lease.address,
    subnet_id: lease.subnetId,
    client_key: lease.clientKey,
    chaddr: lease.chaddr,
    state: lease.state,
    client_id: lease.clientId ?? null,
    hostname: lease.hostname ?? null,
    relay_info: lease.relayInfo ?? null,
    bound_at: lease.boundAt,
    expires_at: Math.min(lease.expiresAt, FOREVER),
  };
}

export function leaseFromRow(row: LeaseRow): Lease {
  return {
    address: row.address as Ipv4Address,
    subnetId: row.subnet_id,
    clientKey: row.client_key,
    chaddr: row.chaddr,
    state: row.state,
    ...(row.client_id !== null && { clientId: row.client_id }),
    ...(row.hostname !== null && { hostname: row.hostname }),
    ...(row.relay_info !== null && { relayInfo: row.relay_info }),
    boundAt: row.bound_at,
    expiresAt: row.expires_at === FOREVER ? Infinity : row.expires_at,
  };
}

export function machineToRow(machine: DiscoveredMachine): Insertable<StoreTables['discovered_machines']> {
  return {
    mac: machine.mac,
    uuid: machine.uuid ?? null,
    serial: machine.serial ?? null,
    manufacturer: machine.manufacturer ?? null,
    product: machine.product ?? null,
    arch: machine.arch ?? null,
    platform: machine.platform ?? null,
    address: machine.address ?? null,
    first_seen_at: machine.firstSeenAt.getTime(),
    last_seen_at: machine.lastSeenAt.getTime(),
  };
}

export function machineFromRow(row: MachineRow): DiscoveredMachine {
  return {
    mac: row.mac as MacAddress,
    ...(row.uuid !== null && { uuid: row.uuid as MachineUuid }),
    ...(row.serial !== null && { serial: row.serial }),
    ...(row.manufacturer !== null && { manufacturer: row.manufacturer }),
    ...(row.product !== null && { product: row.product }),
    ...(row.arch !== null && { arch: row.arch }),
    ...(row.platform !== null && { platform: row.platform }),
    ...(row.address !== null && { address: row.address as Ipv4Address }),
    firstSeenAt: new Date(row.first_seen_at),
    lastSeenAt: new Date(row.last_seen_at),
  };
}

export function eventToRow(event: Omit<StoredBootEvent, 'id'>): Insertable<StoreTables['boot_events']> {
  return {
    session_id: event.sessionId,
    at: event.at.getTime(),
    kind: event.kind,
    mac: event.mac ?? null,
    address: event.address ?? null,
    machine_id: event.machineId ?? null,
    summary: event.summary,
    detail: JSON.stringify(event.detail),
  };
}

export function eventFromRow(row: EventRow): StoredBootEvent {
  return {
    id: row.id,
    sessionId: row.session_id,
    at: new Date(row.at),
    kind: row.kind,
    ...(row.mac !== null && { mac: row.mac as MacAddress }),
    ...(row.address !== null && { address: row.address as Ipv4Address }),
    ...(row.machine_id !== null && { machineId: row.machine_id }),
    summary: row.summary,
    detail: JSON.parse(row.detail) as JsonObject,
  };
}
