import type { MacAddress } from '../../protocol/mac-address.ts';
import type { MachineUuid } from '../../protocol/machine-uuid.ts';
import type { Machine } from './machine.ts';

/** What a request of any protocol says about its sender. Nothing of it is verified. */
export interface IdentityClaims {
  /** The network card: `chaddr` in DHCP, the query parameter `mac` in HTTP, the neighbour table's in TFTP. */
  readonly mac?: MacAddress;
  /** Option 61 in hex. */
  readonly clientId?: string;
  /** Option 97, or the query parameter `uuid`. */
  readonly uuid?: MachineUuid;
  /** SMBIOS serial number, which is sent only over HTTP. */
  readonly serial?: string;
  /** Option 82 sub-options 1 and 2 in hex, which relays and switches add. */
  readonly circuitId?: string;
  readonly remoteId?: string;
}

/** What a machine was identified by; `uuid-swapped` is the UUID in the other byte order, as some BIOSes store it. */
export type MatchedBy = 'mac' | 'clientId' | 'uuid' | 'uuid-swapped' | 'serial' | 'switchPort';

/** An identifier in a request that belongs to another machine than the one that the request was identified as. */
export interface IdentityConflict {
  /**
   * `card_not_listed`: the machine's record lists its network cards, and this card is not among them. `other_machine`:
   * the request was identified as another machine, by an identifier with higher precedence.
   */
  readonly kind: 'card_not_listed' | 'other_machine';
  /** The machine that it belongs to. */
  readonly machineId: string;
  readonly by: MatchedBy;
}

/** The sender of a request, according to the records. */
export interface Identification {
  /** The record; absent for an unknown machine. */
  readonly machine?: Machine;
  /** Present with `machine`. */
  readonly matchedBy?: MatchedBy;
  /** Whether the machine's record lists the network card that sent the request. */
  readonly card: 'listed' | 'unlisted';
  readonly conflicts: readonly IdentityConflict[];
}

/** The part of an identification that is about the machine. */
export interface MachineMatch {
  readonly machine: Machine;
  readonly matchedBy: MatchedBy;
}

const BY: Readonly<Record<MatchedBy, string>> = {
  mac: 'MAC address',
  clientId: 'client identifier',
  uuid: 'UUID',
  'uuid-swapped': 'UUID (in the other byte order)',
  serial: 'serial number',
  switchPort: 'switch port',
};

/** What a machine was identified by, in words: `MAC address`, `UUID (in the other byte order)`. */
export function describeMatchedBy(matchedBy: MatchedBy): string {
  return BY[matchedBy];
}

/** A conflict as a sentence that names both sides and says what to do. */
export function describeConflict(
  { by, kind, machineId }: IdentityConflict,
  claims: IdentityClaims,
  recognised: Machine | undefined,
): string {
  const card = claims.mac === undefined ? 'a machine without a MAC address' : `network card ${claims.mac}`;
  if (kind === 'card_not_listed') {
    return (
      `${card} sends the ${BY[by]} of machine ${machineId}, whose record lists other cards, and is treated as ` +
      `${recognised === undefined ? 'an unknown machine' : `machine ${recognised.id}`}: ` +
      `if it belongs to ${machineId}, add its MAC address to that record`
    );
  }
  return (
    `${card} is recognised as machine ${recognised?.id ?? 'unknown'} and sends the ${BY[by]} of machine ${machineId}: ` +
    'correct whichever record is wrong'
  );
}
