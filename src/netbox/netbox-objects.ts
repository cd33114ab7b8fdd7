import { z } from 'zod';
import type { JsonObject } from '../provision/json-value.ts';

// The parts of NetBox's objects that are used, as its OpenAPI schema (4.x) has them; further fields are left out.

const named = z.object({ name: z.string(), slug: z.string().optional() }).nullish();

/** A device of `dcim/devices/`. */
export const deviceSchema = z.object({
  id: z.int(),
  name: z.string().nullable(),
  serial: z.string().default(''),
  role: named,
  site: named,
  location: named,
  rack: named,
  platform: named,
  tenant: named,
  cluster: named,
  position: z.number().nullish(),
  status: z.object({ value: z.string() }),
  primary_ip4: z.object({ address: z.string() }).nullish(),
  tags: z.array(z.object({ slug: z.string() })).default([]),
  custom_fields: z.record(z.string(), z.unknown()).default({}),
});
export type NetBoxDevice = z.output<typeof deviceSchema>;

/** An interface of `dcim/interfaces/`. */
export const interfaceSchema = z.object({
  id: z.int(),
  name: z.string(),
  device: z.object({ id: z.int() }),
  enabled: z.boolean().default(true),
  mgmt_only: z.boolean().default(false),
  /** The main address; until 4.1 the only one. */
  mac_address: z.string().nullish(),
  mac_addresses: z.array(z.object({ mac_address: z.string() })).nullish(),
});
export type NetBoxInterface = z.output<typeof interfaceSchema>;

/** What of custom fields goes where. */
export interface CustomFields {
  /** Custom fields whose values become labels of the same name. */
  readonly labels: readonly string[];
  /** Custom fields whose values become metadata of the same name. */
  readonly metadata: readonly string[];
}

/** A machine as a document under machines/ has it, or why a device is none. */
export type DeviceMachine =
  | { readonly kind: 'machine'; readonly document: JsonObject & { readonly id: string } }
  | { readonly kind: 'skipped'; readonly device: string; readonly reason: string };

/** The machine that a device is. Devices without a name or without a network card are none. */
export function machineOfDevice(
  device: NetBoxDevice,
  interfaces: readonly NetBoxInterface[],
  custom: CustomFields,
): DeviceMachine {
  const { name, primary_ip4: primary, serial } = device;
  if (name === null || name === '') {
    return { kind: 'skipped', device: `device ${device.id}`, reason: 'it has no name' };
  }
  const id = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '');
  const macs = macsOf(interfaces);
  if (macs.length === 0)
    return { kind: 'skipped', device: name, reason: 'no enabled interface has a MAC address' };
  if (id === '') return { kind: 'skipped', device: name, reason: 'its name has no letter or digit' };
  const address = primary?.address.split('/')[0];
  const metadata = pick(device.custom_fields, custom.metadata);
  return {
    kind: 'machine',
    document: {
      id,
      mac: macs,
      ...(serial !== '' && { serial }),
      ...(address !== undefined && { address }),
      ...(isHostname(id) && { hostname: id }),
      labels: labelsOf(device, custom),
      ...(Object.keys(metadata).length > 0 && { metadata }),
    },
  };
}

/** Network cards that may boot: neither switched off nor for management alone. */
function macsOf(interfaces: readonly NetBoxInterface[]): string[] {
  const macs = interfaces
    .filter(({ enabled, mgmt_only: isManagement }) => enabled && !isManagement)
    .flatMap(({ mac_address: main, mac_addresses: all }) => [
      main ?? '',
      ...(all ?? []).map((one) => one.mac_address),
    ])
    .filter((mac) => mac !== '')
    .map((mac) => mac.toLowerCase());
  return [...new Set(macs)];
}

function labelsOf(device: NetBoxDevice, { labels: fields }: CustomFields): Record<string, string> {
  const { cluster, location, platform, position, rack, role, site, status, tags, tenant } = device;
  const own = Object.entries({ site, location, rack, role, platform, tenant, cluster }).flatMap(
    ([label, value]): [string, string][] => (value == null ? [] : [[label, value.slug ?? value.name]]),
  );
  const chosen = Object.entries(pick(device.custom_fields, fields)).map(
    ([label, value]): [string, string] => [label, typeof value === 'string' ? value : JSON.stringify(value)],
  );
  return Object.fromEntries([
    ...own,
    ['status', status.value],
    ...(position == null ? [] : [['position', String(position)] as const]),
    ...tags.map(({ slug }) => [`tag.${slug}`, 'true'] as const),
    ...chosen,
  ]);
}

/** The fields that are set. */
function pick(fields: Readonly<Record<string, unknown>>, names: readonly string[]): JsonObject {
  return Object.fromEntries(
    names.flatMap((name) => (fields[name] == null ? [] : [[name, fields[name]]])),
  ) as JsonObject;
}

/** RFC 1123 section 2.1. */
function isHostname(text: string): boolean {
  return (
    text.length <= 253 &&
    text.split('.').every((label) => /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(label))
  );
}
