import { type MacAddress, parseMac } from '../../protocol/mac-address.ts';
import { isIdentifyingUuid, type MachineUuid, parseUuid } from '../../protocol/machine-uuid.ts';
import type { Identification, IdentityClaims } from '../machines/identification.ts';
import type { Machine } from '../machines/machine.ts';
import { isSmbiosPlaceholder } from '../machines/smbios-placeholder.ts';

/**
 * The labels that selectors match: reported by the machine, or given by the inventory, which wins. No value is empty.
 */
export type Labels = ReadonlyMap<string, string>;

/** Characters of a label's value; what is longer is cut. Bounds what a match can cost. */
const VALUE_LENGTH_MAX = 1024;
/** Labels of one request; further ones are ignored. */
const LABELS_MAX = 64;

/**
 * What a DHCP request says of its client, and of where it is, besides `mac` and `uuid`: options 60, 77 and 93, what kind
 * of firmware that stands for and what it boots by, option 12, sub-options 1 and 2 of option 82, the network.
 */
export const DHCP_LABELS = [
  ...(['vendor_class', 'user_class', 'client_arch', 'arch', 'firmware', 'boot_client'] as const),
  ...(['hostname', 'circuit_id', 'remote_id', 'network'] as const),
] as const;

/** A label that DHCP gives. */
export type DhcpLabel = (typeof DHCP_LABELS)[number];

/** Labels that the network says and not the client: what DHCP saw counts for more than what a request says. */
const NETWORK_LABELS: ReadonlySet<string> = new Set<DhcpLabel>(['circuit_id', 'remote_id', 'network']);

/** Identifiers of relays and switches, which are bytes: compared in hex, as machine records have them. */
const HEX_LABELS: ReadonlySet<string> = new Set<DhcpLabel>(['circuit_id', 'remote_id']);

/** What iPXE and GRUB call the firmware that they run on, and what DHCP calls it. */
const FIRMWARE_OF_PLATFORM: ReadonlyMap<string, string> = new Map([
  ['pcbios', 'bios'],
  ['pc', 'bios'],
  ['efi', 'uefi'],
]);

const SMBIOS_LABELS: ReadonlySet<string> = new Set(['serial', 'manufacturer', 'product', 'asset']);

/**
 * Reads the labels of a request from its query parameters. If a parameter is given twice, the first value is used.
 * `mac` and `uuid` are normalised, in any letter case, and left out where they are invalid or placeholders, so that a
 * machine with a broken SMBIOS is matched by its other labels.
 */
export function labelsFromQuery(query: Iterable<readonly [string, string]>): Map<string, string> {
  const labels = new Map<string, string>();
  for (const [name, raw] of query) {
    if (labels.size >= LABELS_MAX) break;
    const lower = name.toLowerCase();
    const label = lower === 'mac' || lower === 'uuid' ? lower : name;
    if (label === '' || labels.has(label)) continue;
    const value = normaliseLabel(label, raw);
    if (value !== undefined) labels.set(label, value);
  }
  const firmware = FIRMWARE_OF_PLATFORM.get(labels.get('platform') ?? '');
  if (firmware !== undefined && !labels.has('firmware')) labels.set('firmware', firmware);
  return labels;
}

/**
 * The labels of a request with what DHCP knows of the machine that sends it. A parameter of the request counts for more
 * than what a DHCP client said of itself: it was put into the URL at an earlier step of the same boot.
 */
export function withDhcpLabels(claimed: Labels, known: Labels | undefined): Labels {
  if (known === undefined || known.size === 0) return claimed;
  const labels = new Map(claimed);
  for (const [name, value] of known) {
    if (!labels.has(name) || NETWORK_LABELS.has(name)) labels.set(name, value);
  }
  return labels;
}

/** The value as selectors compare it; undefined if it is empty, invalid or a placeholder. */
export function normaliseLabel(label: string, raw: string): string | undefined {
  if (label === 'mac') return parseMac(raw.trim());
  if (label === 'uuid') {
    const uuid = parseUuid(raw.trim());
    return uuid !== undefined && isIdentifyingUuid(uuid) ? uuid : undefined;
  }
  const value = raw.trim().slice(0, VALUE_LENGTH_MAX);
  if (HEX_LABELS.has(label)) return value === '' ? undefined : hexOfIdentifier(value);
  if (label === 'client_arch') return value.replace(/^0+(?=\d)/, '') || undefined;
  if (value === '' || (SMBIOS_LABELS.has(label) && isSmbiosPlaceholder(value))) return undefined;
  return value;
}

/**
 * The beginning of a value as selectors compare it; undefined when it says nothing. MAC addresses and UUIDs are compared
 * in lower case.
 */
export function normalisePrefix(label: string, raw: string): string | undefined {
  if (label === 'mac' || label === 'uuid') return raw.toLowerCase();
  return HEX_LABELS.has(label) ? normaliseLabel(label, raw) : raw;
}

/** Bytes that were written in hex, with or without separators, or as the text that they are: `Gi1/0/4`. */
export function hexOfIdentifier(text: string): string {
  return /^[0-9a-f]{2}([:\s-]?[0-9a-f]{2})*$/i.test(text)
    ? text.replace(/[:\s-]/g, '').toLowerCase()
    : Buffer.from(text, 'utf8').toString('hex');
}

/** The identifying values among the labels of a request. */
export function claimsOfLabels(labels: Labels): IdentityClaims {
  const mac = labels.get('mac') as MacAddress | undefined;
  const uuid = labels.get('uuid') as MachineUuid | undefined;
  const serial = labels.get('serial');
  return {
    ...(mac !== undefined && { mac }),
    ...(uuid !== undefined && { uuid }),
    ...(serial !== undefined && { serial }),
  };
}

/**
 * The labels that the sender of a request is matched by. A UUID or serial number that belongs to another machine does
 * not count: a group that selects by it means that machine.
 */
export function labelsFor(claimed: Labels, { conflicts, machine }: Identification): Labels {
  if (machine === undefined && conflicts.length === 0) return claimed;
  const labels = new Map(claimed);
  for (const { by } of conflicts) {
    if (by === 'uuid' || by === 'uuid-swapped') labels.delete('uuid');
    else if (by === 'serial') labels.delete('serial');
  }
  return machine === undefined ? labels : withInventory(labels, machine);
}

/** The labels that a known machine is matched by: what it claims, under what inventory says of it. */
function withInventory(claimed: Labels, machine: Machine): Labels {
  const labels = new Map(claimed);
  const [mac] = machine.macs;
  if (mac !== undefined && !machine.macs.some((known) => known === claimed.get('mac')))
    labels.set('mac', mac);
  if (machine.uuid !== undefined) labels.set('uuid', machine.uuid);
  if (machine.serial !== undefined) labels.set('serial', machine.serial);
  labels.set('machine', machine.id);
  for (const [name, value] of Object.entries(machine.labels)) {
    const normalised = normaliseLabel(name, value);
    if (normalised !== undefined) labels.set(name, normalised);
  }
  return labels;
}
