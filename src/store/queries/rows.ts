import type { Insertable, Selectable } from 'kysely';
import type { Ipv4Address } from '../../protocol/ipv4-address.ts';
import type { MacAddress } from '../../protocol/mac-address.ts';
import type { MachineUuid } from '../../protocol/machine-uuid.ts';
import type { Lease } from '../../provision/dhcp/leases/lease.ts';
import { decodeJson, encodeJson, type TimeColumn } from '../columns.ts';
import type { DiscoveredMachine } from '../discovered-machine-store.ts';
import type { NewBootEvent, StoredBootEvent } from '../event-store.ts';
import type { StoreTables } from '../tables.ts';
import type { Transition } from '../transition-store.ts';

// Each pair of functions converts a value to a row and back. A row always has all its keys in the same order, so that
// its values fit a prepared statement.

type LeaseRow = Selectable<StoreTables['leases']>;
type MachineRow = Selectable<StoreTables['discovered_machines']>;
type EventRow = Selectable<StoreTables['boot_events']>;
type TransitionRow = Selectable<StoreTables['transitions']>;

export function leaseToRow(lease: Lease, time: TimeColumn): Insertable<StoreTables['leases']> {
  return {
    address: lease.address,
    subnet_id: lease.subnetId,
    client_key: lease.clientKey,
    chaddr: lease.chaddr,
    state: lease.state,
    client_id: lease.clientId ?? null,
    hostname: lease.hostname ?? null,
    relay_info: lease.relayInfo ?? null,
    bound_at: time.encode(lease.boundAt),
    expires_at: time.encode(lease.expiresAt),
  };
}

export function leaseFromRow(row: LeaseRow, time: TimeColumn): Lease {
  return {
    address: row.address as Ipv4Address,
    subnetId: row.subnet_id,
    clientKey: row.client_key,
    chaddr: row.chaddr,
    state: row.state,
    ...(row.client_id !== null && { clientId: row.client_id }),
    ...(row.hostname !== null && { hostname: row.hostname }),
    ...(row.relay_info !== null && { relayInfo: row.relay_info }),
    boundAt: time.decode(row.bound_at),
    expiresAt: time.decode(row.expires_at),
  };
}

export function machineToRow(
  machine: DiscoveredMachine,
  time: TimeColumn,
): Insertable<StoreTables['discovered_machines']> {
  return {
    mac: machine.mac,
    uuid: machine.uuid ?? null,
    serial: machine.serial ?? null,
    manufacturer: machine.manufacturer ?? null,
    product: machine.product ?? null,
    arch: machine.arch ?? null,
    platform: machine.platform ?? null,
    address: machine.address ?? null,
    first_seen_at: time.encode(machine.firstSeenAt.getTime()),
    last_seen_at: time.encode(machine.lastSeenAt.getTime()),
  };
}

export function machineFromRow(row: MachineRow, time: TimeColumn): DiscoveredMachine {
  return {
    mac: row.mac as MacAddress,
    ...(row.uuid !== null && { uuid: row.uuid as MachineUuid }),
    ...(row.serial !== null && { serial: row.serial }),
    ...(row.manufacturer !== null && { manufacturer: row.manufacturer }),
    ...(row.product !== null && { product: row.product }),
    ...(row.arch !== null && { arch: row.arch }),
    ...(row.platform !== null && { platform: row.platform }),
    ...(row.address !== null && { address: row.address as Ipv4Address }),
    firstSeenAt: new Date(time.decode(row.first_seen_at)),
    lastSeenAt: new Date(time.decode(row.last_seen_at)),
  };
}

export function eventToRow(event: NewBootEvent, time: TimeColumn): Insertable<StoreTables['boot_events']> {
  return {
    session_id: event.sessionId,
    at: time.encode(event.at.getTime()),
    kind: event.kind,
    mac: event.mac ?? null,
    address: event.address ?? null,
    machine_id: event.machineId ?? null,
    summary: event.summary,
    detail: encodeJson(event.detail),
  };
}

export function eventFromRow(row: EventRow, time: TimeColumn): StoredBootEvent {
  return {
    id: row.id,
    sessionId: row.session_id,
    at: new Date(time.decode(row.at)),
    kind: row.kind,
    ...(row.mac !== null && { mac: row.mac as MacAddress }),
    ...(row.address !== null && { address: row.address as Ipv4Address }),
    ...(row.machine_id !== null && { machineId: row.machine_id }),
    summary: row.summary,
    detail: decodeJson(row.detail),
  };
}

export function transitionToRow(
  transition: Transition,
  time: TimeColumn,
): Insertable<StoreTables['transitions']> {
  return {
    number: transition.number,
    at: time.encode(transition.at.getTime()),
    machine_id: transition.machineId,
    kind: transition.kind,
    source: transition.source,
    detail: encodeJson(transition.detail),
  };
}

export function transitionFromRow(row: TransitionRow, time: TimeColumn): Transition {
  return {
    number: row.number,
    at: new Date(time.decode(row.at)),
    machineId: row.machine_id,
    kind: row.kind,
    source: row.source,
    detail: decodeJson(row.detail),
  };
}
