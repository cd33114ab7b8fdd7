import { readRelayAgentInformation } from '../../../protocol/dhcp/relay-agent-information.ts';
import { hexFromBytes } from '../../../protocol/dhcp/read-option.ts';
import type { Ipv4Address } from '../../../protocol/ipv4-address.ts';
import { parseMac } from '../../../protocol/mac-address.ts';
import type { IdentityClaims, MatchedBy } from '../../machines/identification.ts';
import type { MachineLookup } from '../../machines/machine-index.ts';
import type { AddressSeeker } from './address-seeker.ts';
import type { Lease } from './lease.ts';
import type { ReservationsInUse } from './reservations-in-use.ts';
import type { SubnetLeases } from './subnet-leases.ts';

/** Who has an address that is reserved for somebody else: `mac` is empty where the client sent none. */
export interface ReservationHolder {
  readonly address: Ipv4Address;
  readonly mac: string;
  /** How it has it: by a lease or an offer of ours, or by using it without one. */
  readonly by: 'lease' | 'offer' | 'decline' | 'use';
}

/** How a machine's reserved address stands for one of its identities. */
export type ReservedAddress =
  /** `probe`: the network must be asked first. `takenFrom`: another identity that gives way. */
  | {
      readonly kind: 'available';
      readonly subnet: SubnetLeases;
      readonly offset: number;
      readonly probe: boolean;
      readonly takenFrom?: ReservationHolder;
    }
  | { readonly kind: 'held'; readonly by: ReservationHolder };

/**
 * What identifies a machine surely enough to take its address over from another of its identities where the network
 * cannot be asked whether that one is still there. Two boards may share a UUID.
 */
const SURE: ReadonlySet<MatchedBy> = new Set<MatchedBy>(['mac', 'clientId', 'switchPort']);

/** Whether an address of this link is reserved for the machine, whoever uses it now. */
export function hasReservation({ match, subnets }: AddressSeeker): boolean {
  const address = match?.machine.address;
  return address !== undefined && subnets.some((subnet) => subnet.offsetOf(address) !== undefined);
}

/**
 * The address of this link that is reserved for the client's machine; it need not be in a pool. Undefined if there is
 * none, or nobody may have it.
 *
 * Another identity of the machine may hold it: a second card, the installed system by its DUID, the board that was
 * replaced, a card that the record listed earlier. It gives way as soon as nobody uses the address. The network is
 * asked for that; behind a relay it cannot be, and there what the record names for sure has it at once, while a lease
 * of anybody else's is waited for.
 */
export function findReservedAddress(
  seeker: AddressSeeker,
  reservations: Pick<MachineLookup, 'identify'>,
  inUse: ReservationsInUse,
): ReservedAddress | undefined {
  const { canProbe, clientKey, match, now, subnets } = seeker;
  const address = match?.machine.address;
  if (match === undefined || address === undefined) return undefined;
  for (const subnet of subnets) {
    const offset = subnet.offsetOf(address);
    if (offset === undefined) continue;
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
  return undefined;
}

/** The machine's reserved address, if it can have it at once, without asking the network. */
export function findFreeReservation(
  seeker: AddressSeeker,
  reservations: Pick<MachineLookup, 'identify'>,
  inUse: ReservationsInUse,
): { readonly subnet: SubnetLeases; readonly offset: number } | undefined {
  const reserved = findReservedAddress(seeker, reservations, inUse);
  return reserved?.kind === 'available' && !reserved.probe ? reserved : undefined;
}

/** Who has an address, in words that follow "is held by". */
export function describeHolder({ by, mac }: ReservationHolder): string {
  const who = mac === '' ? 'a client without a MAC address' : mac;
  switch (by) {
    case 'lease':
      return `the lease of ${who}`;
    case 'offer':
      return `an offer to ${who}`;
    case 'decline':
      return 'the report of a client that another host uses it';
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

/** Whether it is another identity of the machine that has the address; only a reservation gives one outside of the pools. */
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

/** What a lease remembers of who has it. */
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
