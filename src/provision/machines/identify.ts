import type {
  Identification,
  IdentityClaims,
  IdentityConflict,
  MachineMatch,
  MatchedBy,
} from './identification.ts';
import type { Machine } from './machine.ts';

/** Where records are looked up. Values that identify nobody (dummy UUIDs, placeholders) find nothing. */
export interface MachineKeys {
  readonly byMac: (claims: IdentityClaims) => Machine | undefined;
  /** What may identify a machine besides its MAC address, in order of precedence. */
  readonly others: readonly {
    readonly by: MatchedBy;
    readonly find: (claims: IdentityClaims) => Machine | undefined;
  }[];
}

const NO_CONFLICTS: readonly IdentityConflict[] = [];
const UNKNOWN: Identification = { card: 'unlisted', conflicts: NO_CONFLICTS };

/**
 * Identifies the machine that sends a request, for DHCP, HTTP and TFTP alike.
 *
 * A listed network card decides. Otherwise client identifier, UUID, serial number and switch port are tried in this
 * order, with one restriction: a card is never identified as a machine whose record lists other cards. Makers ship
 * boards with equal UUIDs and serial numbers, and cloned disks have equal client identifiers; without the restriction
 * such a machine would get the address, the name and the config of another.
 */
export function identify(claims: IdentityClaims, keys: MachineKeys): Identification {
  let machine = claims.mac === undefined ? undefined : keys.byMac(claims);
  let matchedBy: MatchedBy | undefined = machine === undefined ? undefined : 'mac';
  let conflicts: IdentityConflict[] | undefined;
  for (const { by, find } of keys.others) {
    const candidate = find(claims);
    if (candidate === undefined || candidate === machine) continue;
    if (machine === undefined && (claims.mac === undefined || candidate.macs.length === 0)) {
      machine = candidate;
      matchedBy = by;
      continue;
    }
    // Several hosts on one switch port are normal: a hypervisor's guests, a management controller.
    if (by === 'switchPort') continue;
    const lists = claims.mac !== undefined && candidate.macs.length > 0 && matchedBy !== 'mac';
    const kind = lists ? 'card_not_listed' : 'other_machine';
    if (conflicts?.some((one) => one.machineId === candidate.id) === true) continue;
    (conflicts ??= []).push({ kind, machineId: candidate.id, by });
  }
  if (machine === undefined || matchedBy === undefined) {
    return conflicts === undefined ? UNKNOWN : { card: 'unlisted', conflicts };
  }
  return {
    machine,
    matchedBy,
    card: matchedBy === 'mac' ? 'listed' : 'unlisted',
    conflicts: conflicts ?? NO_CONFLICTS,
  };
}

/** The machine of an identification; undefined if no record knows it. */
export function matchOf({ machine, matchedBy }: Identification): MachineMatch | undefined {
  return machine === undefined || matchedBy === undefined ? undefined : { machine, matchedBy };
}
