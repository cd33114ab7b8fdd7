import { type MacAddress, parseMac } from '../../protocol/mac-address.ts';
import { isIdentifyingUuid, type MachineUuid, parseUuid } from '../../protocol/machine-uuid.ts';
import type { Identification, IdentityClaims } from '../machines/identification.ts';
import type { Machine } from '../machines/machine.ts';
import { isSmbiosPlaceholder } from '../machines/smbios-placeholder.ts';

/** What selectors match: reported by the machine, or given by inventory, which wins. No value is empty. */
export type Labels = ReadonlyMap<string, string>;

/** Characters of a label's value; what is longer is cut. Bounds what a match can cost. */
const VALUE_LENGTH_MAX = 1024;
/** Labels of one request; further ones are ignored. */
const LABELS_MAX = 64;

const SMBIOS_LABELS: ReadonlySet<string> = new Set(['serial', 'manufacturer', 'product', 'asset']);

/**
 * Reads the labels of a request from its query parameters. Of a parameter given twice the first counts; `mac` and
 * `uuid` are found in any letter case and normalised, and left out where they identify nobody, so that a machine with
 * a broken SMBIOS is matched by its other labels.
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
  return labels;
}

/** The value as selectors compare it; undefined when it says nothing. */
export function normaliseLabel(label: string, raw: string): string | undefined {
  if (label === 'mac') return parseMac(raw.trim());
  if (label === 'uuid') {
    const uuid = parseUuid(raw.trim());
    return uuid !== undefined && isIdentifyingUuid(uuid) ? uuid : undefined;
  }
  const value = raw.trim().slice(0, VALUE_LENGTH_MAX);
  if (value === '' || (SMBIOS_LABELS.has(label) && isSmbiosPlaceholder(value))) return undefined;
  return value;
}

/** What the labels of a request say about who sends it. */
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
