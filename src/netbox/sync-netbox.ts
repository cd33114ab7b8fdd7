import type { ApiClient, ResultOf } from '../api/client.ts';
import type { JsonObject } from '../provision/json-value.ts';
import type { NetBoxClient } from './netbox-client.ts';
import {
  type CustomFields,
  deviceSchema,
  interfaceSchema,
  machineOfDevice,
  type NetBoxDevice,
  type NetBoxInterface,
} from './netbox-objects.ts';

/** What is to be taken from NetBox, and how. */
export interface NetBoxSync {
  /** The name of the inventory. */
  readonly source: string;
  /** Query of `dcim/devices/`, as `site=fra1`. */
  readonly filters: readonly (readonly [string, string])[];
  readonly custom: CustomFields;
  /** Only says what would change. */
  readonly dryRun: boolean;
  /** The number of machines that may go; see the guard of inventories. */
  readonly allowRemoval?: number | undefined;
  /** Custom fields of NetBox that the state and the address of a machine are written to. */
  readonly writeBack?:
    { readonly state?: string | undefined; readonly address?: string | undefined } | undefined;
}

/** What a sync has done. */
export interface NetBoxSyncResult {
  readonly changes: ResultOf<'replaceInventory'>;
  /** Devices that are no machines, and why. */
  readonly skipped: readonly { readonly device: string; readonly reason: string }[];
  /** Number of devices whose custom fields were written. */
  readonly written: number;
}

/** Devices whose interfaces are asked for in one request: their ids are in its address. */
const DEVICES_AT_ONCE = 100;
const PAGE = 1_000;

/**
 * Takes devices from NetBox and makes them the set of an inventory. Rejects with NetBoxError or ApiProblem; then nothing
 * has changed in Railhead.
 */
export async function syncNetBox(
  netbox: NetBoxClient,
  api: ApiClient,
  sync: NetBoxSync,
): Promise<NetBoxSyncResult> {
  const { allowRemoval, custom, dryRun, filters, source, writeBack } = sync;
  const devices = await netbox.list('dcim/devices/', filters, deviceSchema);
  const interfaces = await interfacesOf(netbox, devices);
  const skipped: { device: string; reason: string }[] = [];
  const machines: JsonObject[] = [];
  const byMachine = new Map<string, NetBoxDevice>();
  for (const device of devices) {
    const made = machineOfDevice(device, interfaces.get(device.id) ?? [], custom);
    if (made.kind === 'skipped') skipped.push({ device: made.device, reason: made.reason });
    else {
      machines.push(made.document);
      byMachine.set(made.document.id, device);
    }
  }
  const changes = await api.call('replaceInventory', {
    params: { source },
    query: {
      dry_run: dryRun ? 'true' : 'false',
      reason: 'netbox',
      ...(allowRemoval !== undefined && { allow_removal: String(allowRemoval) }),
    },
    body: { machines },
  });
  const written =
    writeBack === undefined || dryRun ? 0 : await writeStates(netbox, api, source, byMachine, writeBack);
  return { changes, skipped, written };
}

async function interfacesOf(
  netbox: NetBoxClient,
  devices: readonly NetBoxDevice[],
): Promise<ReadonlyMap<number, NetBoxInterface[]>> {
  const found = new Map<number, NetBoxInterface[]>();
  for (let from = 0; from < devices.length; from += DEVICES_AT_ONCE) {
    const some = devices.slice(from, from + DEVICES_AT_ONCE);
    const query = some.map(({ id }) => ['device_id', String(id)] as const);
    for (const one of await netbox.list('dcim/interfaces/', query, interfaceSchema)) {
      const { id } = one.device;
      found.set(id, [...(found.get(id) ?? []), one]);
    }
  }
  return found;
}

/** Writes what has changed since the devices were read, and nothing else. */
async function writeStates(
  netbox: NetBoxClient,
  api: ApiClient,
  source: string,
  devices: ReadonlyMap<string, NetBoxDevice>,
  fields: NonNullable<NetBoxSync['writeBack']>,
): Promise<number> {
  let written = 0;
  for (let cursor: string | undefined; ;) {
    const page = await api.call('listMachines', {
      query: { source, limit: String(PAGE), ...(cursor !== undefined && { cursor }) },
    });
    for (const { address, id, state } of page.items) {
      const device = devices.get(id ?? '');
      if (device === undefined) continue;
      const wanted = Object.entries({
        ...(fields.state !== undefined && { [fields.state]: state ?? null }),
        ...(fields.address !== undefined && { [fields.address]: address ?? null }),
      }).filter(([name, value]) => (device.custom_fields[name] ?? null) !== value);
      if (wanted.length === 0) continue;
      await netbox.patch(`dcim/devices/${device.id}/`, { custom_fields: Object.fromEntries(wanted) });
      written++;
    }
    if (page.next_cursor === null) return written;
    cursor = page.next_cursor;
  }
}
