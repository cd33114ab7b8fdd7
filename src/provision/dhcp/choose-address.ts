import type { Ipv4Address } from '../../protocol/ipv4-address.ts';
import type { IgnoreReason } from './dhcp-decision.ts';
import type { DhcpSurroundings, Exchange } from './exchange.ts';
import type { SubnetLeases } from './subnet-leases.ts';

/** An address for a client. */
export interface ChosenAddress {
  readonly kind: 'chosen';
  readonly subnet: SubnetLeases;
  readonly offset: number;
  /** Whether the client had no claim on it before: neither a reservation, a lease nor an offer. */
  readonly fresh: boolean;
}

/** Or why there is none. */
export interface NoAddress {
  readonly kind: 'none';
  readonly reason: IgnoreReason;
}

/** Whether a client that nothing is known of may be given a new address of the subnet right now. */
export type AllowFresh = (exchange: Exchange, subnet: SubnetLeases) => boolean;

/**
 * The address to offer a client, in this order: the one reserved for its machine; the one it has or had; the one it
 * asks for; the next free one. Over several subnets of one link a reservation in any of them comes first, and then the
 * first one with room.
 */
export function chooseAddress(
  exchange: Exchange,
  requested: Ipv4Address | undefined,
  surroundings: DhcpSurroundings,
  allowFresh: AllowFresh,
): ChosenAddress | NoAddress {
  const { clientKey, subnets } = exchange;
  const reserved = findReservedAddress(exchange);
  if (reserved !== undefined) return reserved;

  for (const subnet of subnets) {
    const held = subnet.bindingOf(clientKey) ?? subnet.offerOf(clientKey);
    if (held !== undefined && isAssignable(exchange, subnet, held.offset, surroundings)) {
      return { kind: 'chosen', subnet, offset: held.offset, fresh: false };
    }
  }

  const known = exchange.match !== undefined;
  let pressed = false;
  for (const subnet of subnets) {
    if (!known && !subnet.hasRoomForUnknown) continue;
    if (!known && !allowFresh(exchange, subnet)) {
      pressed = true;
      continue;
    }
    const wanted = requested === undefined ? undefined : subnet.offsetOf(requested);
    if (wanted !== undefined && isAssignable(exchange, subnet, wanted, surroundings)) {
      return { kind: 'chosen', subnet, offset: wanted, fresh: true };
    }
    const offset = subnet.allocate();
    if (offset !== undefined) return { kind: 'chosen', subnet, offset, fresh: true };
  }
  return { kind: 'none', reason: pressed ? 'pool_pressure' : 'pool_exhausted' };
}

/** The machine's reserved address, unless somebody else still uses it. It need not be in a pool. */
export function findReservedAddress({ clientKey, match, subnets }: Exchange): ChosenAddress | undefined {
  const address = match?.machine.address;
  if (address === undefined) return undefined;
  for (const subnet of subnets) {
    const offset = subnet.offsetOf(address);
    if (offset === undefined) continue;
    if (subnet.isForbidden(offset) || !subnet.isFreeFor(offset, clientKey)) return undefined;
    return { kind: 'chosen', subnet, offset, fresh: false };
  }
  return undefined;
}

/** Whether the client may have this address: reserved for its machine, or in a pool and nobody else's. */
export function isAssignable(
  { clientKey, match }: Exchange,
  subnet: SubnetLeases,
  offset: number,
  { reservations }: DhcpSurroundings,
): boolean {
  if (!subnet.isFreeFor(offset, clientKey)) return false;
  const owner = reservations.findReserved(subnet.addressAt(offset));
  if (owner === undefined) return subnet.isDynamic(offset);
  return owner.id === match?.machine.id && !subnet.isForbidden(offset);
}
