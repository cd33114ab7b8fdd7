import { readRelayAgentInformation } from '../../../protocol/dhcp/relay-agent-information.ts';
import { hexFromBytes } from '../../../protocol/dhcp/read-option.ts';
import type { Ipv4Address } from '../../../protocol/ipv4-address.ts';
import { parseMac } from '../../../protocol/mac-address.ts';
import type { IdentityClaims, MatchedBy } from '../../machines/identification.ts';
import type { MachineLookup } from '../../machines/machine-index.ts';
import { addressesOf, type Machine } from '../../machines/machine.ts';
import type { AddressSeeker } from './address-seeker.ts';
import type { Lease } from './lease.ts';
import type { ReservationsInUse } from './reservations-in-use.ts';
import type { SubnetLeases } from './subnet-leases.ts';

/** The holder of an address that is reserved for another machine; `mac` is empty where the client sent none. */
export interface ReservationHolder {
  readonly address: Ipv4Address;
  readonly mac: string;
  /** How the holder has it: by a lease or an offer of ours, or by using it without one. */
  readonly by: 'lease' | 'offer' | 'decline' | 'use';
}

/** Whether a machine's reserved address is available to one of its identities. */
export type ReservedAddress =
  /** `probe`: the address must be probed first. `takenFrom`: the other identity that loses it. */
  | {
      readonly kind: 'available';
      readonly subnet: SubnetLeases;
      readonly offset: number;
      readonly probe: boolean;
      readonly takenFrom?: ReservationHolder;
    }
  | { readonly kind: 'held'; readonly by: ReservationHolder };

/**
 * What identifies a machine surely enough to take its address over from another of its identities where the address
 * cannot be probed. A UUID does not: two boards may share one.
 */
const SURE: ReadonlySet<MatchedBy> = new Set<MatchedBy>(['mac', 'clientId', 'switchPort']);

/** Whether an address of this link is reserved for the machine, regardless of who uses it now. */
export function hasReservation({ match, subnets }: AddressSeeker): boolean {
  if (match === undefined) return false;
  return addressesOf(match.machine).some((address) =>
    subnets.some((subnet) => subnet.offsetOf(address) !== undefined),
  );
}

/**
 * The address of this link that is reserved for the client's machine; it need not be in a pool. Undefined if there is
 * none, or it can never be given out.
 *
 * Another identity of the machine may hold it: a second card, the installed system by its DUID, the board that was
 * replaced, a card that the record listed earlier. The address is taken over as soon as a probe shows that it is not in
 * use. Behind a relay there is no probe: there an identity that the record lists takes it over at once, and any other
 * waits until the lease ends.
 */
export function findReservedAddress(
  seeker: AddressSeeker,
  reservations: Pick<MachineLookup, 'identify'>,
  inUse: ReservationsInUse,
): ReservedAddress | undefined {
  const { canProbe, clientKey, match, now, subnets } = seeker;
  const place = match && placeOf(match.machine, subnets);
  if (match === undefined || place === undefined) return undefined;
  const { address, offset, subnet } = place;
  if (subnet.isForbidden(offset)) return undefined;
  const available = { kind: 'available', subnet, offset } as const;
  const user = inUse.userOf(address, now.monotonicMs);
  if (user !== undefined && user !== seeker.chaddr) {
    return { kind: 'held', by: { address, mac: user, by: 'use' } };
  }
  if (subnet.isFreeFor(offset, clientKey)) {
    const known = subnet.bindingAt(offset)?.active === true || subnet.offerAt(offset) !== undefined;
    return { ...available, probe: canProbe && !known && inUse.isDoubted(address, now.monotonicMs) };
  }
  const holder = holderOf(subnet, offset, address, clientKey);
  if (holder.mac !== '' && holder.mac === seeker.chaddr) {
    return { ...available, probe: false, takenFrom: holder };
  }
  if (canProbe) return { ...available, probe: true, takenFrom: holder };
  const sameRecord = isOfRecord(subnet, offset, match.machine.id, reservations);
  return sameRecord && SURE.has(match.matchedBy)
    ? { ...available, probe: false, takenFrom: holder }
    : { kind: 'held', by: holder };
}

/** Which of a machine's addresses is on this link; the first, if several are. */
function placeOf(
  machine: Machine,
  subnets: AddressSeeker['subnets'],
): { readonly address: Ipv4Address; readonly subnet: SubnetLeases; readonly offset: number } | undefined {
  for (const address of addressesOf(machine)) {
    for (const subnet of subnets) {
      const offset = subnet.offsetOf(address);
      if (offset !== undefined) return { address, subnet, offset };
    }
  }
  return undefined;
}

/** The machine's reserved address, if it is available without a probe. */
export function findFreeReservation(
  seeker: AddressSeeker,
  reservations: Pick<MachineLookup, 'identify'>,
  inUse: ReservationsInUse,
): { readonly subnet: SubnetLeases; readonly offset: number } | undefined {
  const reserved = findReservedAddress(seeker, reservations, inUse);
  return reserved?.kind === 'available' && !reserved.probe ? reserved : undefined;
}

/** The holder of an address, worded to follow "is held by". */
export function describeHolder({ by, mac }: ReservationHolder): string {
  const who = mac === '' ? 'a client without a MAC address' : mac;
  switch (by) {
    case 'lease':
      return `the lease of ${who}`;
    case 'offer':
      return `an offer to ${who}`;
    case 'decline':
      return 'a DHCPDECLINE: a client reported that another host uses it';
    case 'use':
      return `${who}, which answers for it on the network`;
  }
}

function holderOf(
  subnet: SubnetLeases,
  offset: number,
  address: Ipv4Address,
  clientKey: string,
): ReservationHolder {
  const offer = subnet.offerAt(offset);
  if (offer !== undefined && offer.clientKey !== clientKey) {
    return { address, mac: macOfKey(offer.clientKey), by: 'offer' };
  }
  const lease = subnet.bindingAt(offset)?.lease;
  return { address, mac: lease?.chaddr ?? '', by: lease?.state === 'declined' ? 'decline' : 'lease' };
}

function macOfKey(clientKey: string): string {
  return clientKey.startsWith('mac:') ? clientKey.slice('mac:'.length) : '';
}

/**
 * Whether another identity of the machine has the address. An address outside the pools is leased only by reservation.
 */
function isOfRecord(
  subnet: SubnetLeases,
  offset: number,
  machineId: string,
  reservations: Pick<MachineLookup, 'identify'>,
): boolean {
  const lease = subnet.bindingAt(offset)?.lease;
  if (lease?.state === 'declined') return false;
  if (!subnet.isInPool(offset)) return true;
  const offer = subnet.offerAt(offset);
  const mac = parseMac(macOfKey(offer?.clientKey ?? ''));
  const claims = lease?.state === 'bound' ? claimsOfLease(lease) : { ...(mac !== undefined && { mac }) };
  return reservations.identify(claims).machine?.id === machineId;
}

/** The identifying values that a lease stores of its holder. */
function claimsOfLease({ chaddr, clientId, relayInfo }: Lease): IdentityClaims {
  const mac = parseMac(chaddr);
  const relay =
    relayInfo === undefined ? undefined : readRelayAgentInformation(Buffer.from(relayInfo, 'hex'));
  return {
    ...(mac !== undefined && { mac }),
    ...(clientId !== undefined && { clientId }),
    ...(relay?.circuitId !== undefined && { circuitId: hexFromBytes(relay.circuitId) }),
    ...(relay?.remoteId !== undefined && { remoteId: hexFromBytes(relay.remoteId) }),
  };
}
