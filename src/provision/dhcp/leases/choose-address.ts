import type { Ipv4Address } from '../../../protocol/ipv4-address.ts';
import type { MachineLookup } from '../../machines/machine-index.ts';
import type { IgnoreReason } from '../ignore-reason.ts';
import type { ReservationsInUse } from './reservations-in-use.ts';
import { findReservedAddress, type ReservationHolder } from './reserved-address.ts';
import type { AddressSeeker } from './address-seeker.ts';
import type { SubnetLeases } from './subnet-leases.ts';

/** Whether an unknown client may be given a new address of the subnet right now. */
export type AllowFresh = (seeker: AddressSeeker, subnet: SubnetLeases) => boolean;

/** An address for a client. */
export interface ChosenAddress {
  readonly kind: 'chosen';
  readonly subnet: SubnetLeases;
  readonly offset: number;
  /** Whether the client had no claim on it before: no reservation, lease or offer. */
  readonly fresh: boolean;
  /** Whether the address must be probed before it is offered, even where settings turn probing off. */
  readonly mustProbe?: true;
  /** The other identity of the machine that loses the address. */
  readonly takenFrom?: ReservationHolder;
  /** The holder of the machine's reserved address, where it could not be given to the machine. */
  readonly heldBy?: ReservationHolder;
}

/** Or why there is none. */
export interface NoAddress {
  readonly kind: 'none';
  readonly reason: IgnoreReason;
  readonly heldBy?: ReservationHolder;
}

/**
 * The address to offer a client, in this order: the one reserved for its machine; the one it has or had; the one it
 * requests; the next free one. Over several subnets of one link a reservation in any of them comes first, and then the
 * first one with a free address.
 */
export function chooseAddress(
  seeker: AddressSeeker,
  requested: Ipv4Address | undefined,
  reservations: MachineLookup,
  inUse: ReservationsInUse,
  allowFresh: AllowFresh,
): ChosenAddress | NoAddress {
  const reserved = findReservedAddress(seeker, reservations, inUse);
  if (reserved?.kind === 'available') {
    const { offset, probe, subnet, takenFrom } = reserved;
    return {
      kind: 'chosen',
      subnet,
      offset,
      fresh: false,
      ...(probe && { mustProbe: true }),
      ...(takenFrom !== undefined && { takenFrom }),
    };
  }
  const choice = chooseOther(seeker, requested, reservations, reserved?.by.address, allowFresh);
  return reserved === undefined ? choice : { ...choice, heldBy: reserved.by };
}

/**
 * The address for a client whose reservation is missing or not available; never `held`, which is reserved for it and in
 * use.
 */
function chooseOther(
  seeker: AddressSeeker,
  requested: Ipv4Address | undefined,
  reservations: MachineLookup,
  held: Ipv4Address | undefined,
  allowFresh: AllowFresh,
): ChosenAddress | NoAddress {
  const { subnets } = seeker;
  const isFree = (subnet: SubnetLeases, offset: number): boolean =>
    isAssignable(seeker, subnet, offset, reservations) &&
    (held === undefined || subnet.addressAt(offset) !== held);

  for (const { offset, subnet } of claimsOf(seeker)) {
    if (!isFree(subnet, offset)) continue;
    const better = subnet.poolAt(offset)?.isRestricted === false ? takeRestricted(seeker, subnet) : undefined;
    return { kind: 'chosen', subnet, offset: better ?? offset, fresh: better !== undefined };
  }

  const known = seeker.match !== undefined;
  let pressed = false;
  for (const subnet of subnets) {
    const wanted = requested === undefined ? undefined : subnet.offsetOf(requested);
    let allowed: boolean | undefined;
    for (const pool of subnet.poolsFor(seeker.labels)) {
      if (!known && !pool.hasRoomForUnknown) continue;
      allowed ??= known || allowFresh(seeker, subnet);
      if (!allowed) {
        pressed = true;
        break;
      }
      if (wanted !== undefined && pool.addresses.contains(wanted) && isFree(subnet, wanted)) {
        return { kind: 'chosen', subnet, offset: wanted, fresh: true };
      }
      const offset = subnet.allocate(pool);
      if (offset !== undefined) return { kind: 'chosen', subnet, offset, fresh: true };
    }
  }
  return { kind: 'none', reason: pressed ? 'pool_pressure' : 'pool_exhausted' };
}

/** An address of a pool for the client's labels or, if those have none, of a pool for all clients. */
function takeRestricted(seeker: AddressSeeker, subnet: SubnetLeases): number | undefined {
  if (!subnet.selectsByLabels) return undefined;
  for (const pool of subnet.poolsFor(seeker.labels)) {
    if (!pool.isRestricted || (seeker.match === undefined && !pool.hasRoomForUnknown)) continue;
    const offset = subnet.allocate(pool);
    if (offset !== undefined) return offset;
  }
  return undefined;
}

/** An address of a subnet. */
export interface AddressClaim {
  readonly subnet: SubnetLeases;
  readonly offset: number;
}

/**
 * The addresses that the client has, was offered or once had on its link, in this order, so that a current lease is
 * kept if possible.
 */
export function claimsOf({ clientKey, subnets }: AddressSeeker): AddressClaim[] {
  const claims: (AddressClaim & { readonly rank: number })[] = [];
  for (const subnet of subnets) {
    const binding = subnet.bindingOf(clientKey);
    const offer = subnet.offerOf(clientKey);
    if (binding !== undefined) claims.push({ subnet, offset: binding.offset, rank: binding.active ? 0 : 2 });
    if (offer !== undefined) claims.push({ subnet, offset: offer.offset, rank: 1 });
  }
  return claims.sort((a, b) => a.rank - b.rank);
}

/**
 * Whether the client keeps the address that it has. A running system keeps it even if its pool is now for other
 * clients: it changes at its next DHCPDISCOVER.
 */
export function mayKeep(
  seeker: AddressSeeker,
  subnet: SubnetLeases,
  offset: number,
  reservations: Pick<MachineLookup, 'findReserved' | 'ready'>,
): boolean {
  const binding = subnet.bindingAt(offset);
  const holds = binding?.active === true && binding.lease.clientKey === seeker.clientKey;
  return isAssignable(seeker, subnet, offset, reservations, holds);
}

/**
 * Whether the client may take an address that it requests. For an unknown client that was neither leased nor offered
 * the address, the limits of a DHCPOFFER apply: the last tenth of a pool is kept for known machines, and new clients
 * are limited in number while unanswered offers fill the pool.
 */
export function mayTake(
  seeker: AddressSeeker,
  subnet: SubnetLeases,
  offset: number,
  allowFresh: AllowFresh,
): boolean {
  const { clientKey, match } = seeker;
  return (
    match !== undefined ||
    subnet.bindingOf(clientKey)?.offset === offset ||
    subnet.offerOf(clientKey)?.offset === offset ||
    (subnet.poolAt(offset)?.hasRoomForUnknown === true && allowFresh(seeker, subnet))
  );
}

/**
 * Whether the client may have this address: reserved for its machine, or in a pool for this client and free. With
 * `inAnyPool` the selector of the pool is ignored.
 */
export function isAssignable(
  { clientKey, labels, match }: AddressSeeker,
  subnet: SubnetLeases,
  offset: number,
  reservations: Pick<MachineLookup, 'findReserved' | 'ready'>,
  inAnyPool = false,
): boolean {
  if (!subnet.isFreeFor(offset, clientKey)) return false;
  const owner = reservations.findReserved(subnet.addressAt(offset));
  if (owner !== undefined) return owner.id === match?.machine.id && !subnet.isForbidden(offset);
  if (subnet.isDynamicFor(offset, inAnyPool ? 'any' : labels)) return true;
  // The records are not read yet, and an address outside the pools can only come from a reservation.
  return !reservations.ready && subnet.bindingOf(clientKey)?.offset === offset && !subnet.isForbidden(offset);
}

/** Whether the client has or had a lease on its link. */
export function isKnownByLease({ clientKey, subnets }: AddressSeeker): boolean {
  return subnets.some((subnet) => subnet.bindingOf(clientKey) !== undefined);
}
