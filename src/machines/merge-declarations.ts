import type { Machine } from '../provision/machines/machine.ts';

/** The declaration of a machine by one source. */
export interface Declaration {
  /** `files`, or the name of an inventory. */
  readonly source: string;
  readonly machine: Machine;
}

/** Two sources declare different values for a machine. */
export interface FieldConflict {
  /** The key as a machine document spells it: `address`, `labels.rack`, `metadata.disk`. */
  readonly field: string;
  /** The source whose value is used. */
  readonly follows: string;
  /** The source whose value is ignored. */
  readonly ignores: string;
}

/** One record merged from all sources. */
export interface MergedMachine {
  readonly machine: Machine;
  readonly conflicts: readonly FieldConflict[];
}

/** Fields with a single value, and their keys in machine documents. */
const SINGLE = [
  ['uuid', 'uuid'],
  ['serial', 'serial'],
  ['switchPort', 'switch_port'],
  ['address', 'address'],
  ['furtherAddresses', 'address'],
  ['hostname', 'hostname'],
  ['bootProgram', 'boot_program'],
  ['localBoot', 'local_boot'],
  ['leaseSeconds', 'lease_seconds'],
  ['dhcpSending', 'dhcp_force'],
] as const;

/**
 * Merges what several sources declare of a machine; earlier sources have precedence. Network cards and client
 * identifiers are united, as are labels, metadata and DHCP options of different names; where two sources give different
 * values for the same key, the first one's is used and the conflict reported. A machine is disabled if any source says
 * so.
 */
export function mergeDeclarations(declarations: readonly [Declaration, ...Declaration[]]): MergedMachine {
  const [first, ...rest] = declarations;
  if (rest.length === 0) return { machine: first.machine, conflicts: [] };
  const conflicts: FieldConflict[] = [];
  const merged: Record<string, unknown> = { ...first.machine };
  const saidBy = new Map<string, string>();
  const say = (field: string, source: string, known: unknown, value: unknown): boolean => {
    if (value === undefined) return false;
    if (known === undefined) {
      saidBy.set(field, source);
      return true;
    }
    if (JSON.stringify(known) !== JSON.stringify(value)) {
      conflicts.push({ field, follows: saidBy.get(field) ?? first.source, ignores: source });
    }
    return false;
  };
  const macs = new Set(first.machine.macs);
  const clientIds = new Set(first.machine.clientIds);
  const labels = { ...first.machine.labels };
  const metadata = { ...first.machine.metadata };
  const dhcpOptions = new Map(first.machine.dhcpOptions);
  const networkOptions = new Map(first.machine.networkOptions);
  for (const { machine, source } of rest) {
    for (const mac of machine.macs) macs.add(mac);
    for (const clientId of machine.clientIds ?? []) clientIds.add(clientId);
    for (const [key, field] of SINGLE) {
      if (say(field, source, merged[key], machine[key])) merged[key] = machine[key];
    }
    for (const [name, value] of Object.entries(machine.labels)) {
      if (say(`labels.${name}`, source, labels[name], value)) labels[name] = value;
    }
    for (const [name, value] of Object.entries(machine.metadata)) {
      if (say(`metadata.${name}`, source, metadata[name], value)) metadata[name] = value;
    }
    for (const [code, value] of machine.dhcpOptions ?? []) {
      const known = dhcpOptions.get(code);
      const told = say(`dhcp_options.${code}`, source, known && [...known], [...value]);
      if (told) dhcpOptions.set(code, value);
    }
    for (const [network, options] of machine.networkOptions ?? []) {
      const own = new Map(networkOptions.get(network));
      for (const [code, value] of options) {
        const known = own.get(code);
        if (say(`dhcp_options.${code}`, source, known && [...known], [...value])) own.set(code, value);
      }
      networkOptions.set(network, own);
    }
    if (machine.disabled === true) merged.disabled = true;
  }
  const machine = {
    ...(merged as unknown as Machine),
    macs: [...macs],
    ...(clientIds.size > 0 && { clientIds: [...clientIds] }),
    labels,
    metadata,
    ...(dhcpOptions.size > 0 && { dhcpOptions }),
    ...(networkOptions.size > 0 && { networkOptions }),
  };
  return { machine, conflicts };
}
