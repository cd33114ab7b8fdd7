import { OptionCode } from '../../../protocol/dhcp/option-codes.ts';
import { readAddress } from '../../../protocol/dhcp/read-option.ts';
import type { Ipv4Address } from '../../../protocol/ipv4-address.ts';
import type { LeaseChange } from '../leases/lease.ts';
import type { SubnetLeases } from '../leases/subnet-leases.ts';
import { type DhcpDecision, ignore } from './dhcp-decision.ts';
import { type Exchange, isOurIdentifier } from '../locate/exchange.ts';
import type { DhcpSurroundings } from './surroundings.ts';
import { exchangeEvent } from '../locate/exchange-event.ts';

/**
 * Handles a DHCPDECLINE: another host uses the address, so it is withheld for ten minutes (RFC 2131 section 4.3.3),
 * unless it is reserved. Accepted only from the client that was given the address, so that no client can end the lease
 * of another.
 */
export function serveDecline(exchange: Exchange, surroundings: DhcpSurroundings): DhcpDecision {
  const { clientKey, now, packet, subnets } = exchange;
  const { options } = packet.message;
  const identifier = readAddress(options, OptionCode.serverIdentifier);
  const address = readAddress(options, OptionCode.requestedAddress);
  if (identifier === undefined || address === undefined) return ignore('incomplete');
  if (!isOurIdentifier(identifier, exchange, surroundings)) return ignore('other_server');
  for (const subnet of subnets) {
    const offset = subnet.offsetOf(address);
    if (offset === undefined) continue;
    const binding = subnet.bindingAt(offset);
    const holds =
      (binding?.active === true && binding.lease.clientKey === clientKey) ||
      subnet.offerAt(offset)?.clientKey === clientKey;
    if (!holds) break;
    const { poolSize, subnet: settings } = subnet.compiled;
    if (!surroundings.declines.take(clientKey, settings.id, poolSize, now.monotonicMs))
      return ignore('decline_flood');
    const isReserved = surroundings.reservations.findReserved(address) !== undefined;
    const changes = isReserved
      ? doubtReservation(exchange, surroundings, subnet, offset, address)
      : surroundings.book.hold(subnet, offset, exchange.chaddr, now);
    const summary = isReserved
      ? `declined ${address}: another host uses it; it stays reserved for its machine, and is probed before it is offered again`
      : `declined ${address}: another host uses it; it is not given out for 10 minutes`;
    return {
      kind: 'accept',
      notice: 'decline',
      changes,
      events: [exchangeEvent(exchange, 'dhcp.decline', summary, {}, address)],
    };
  }
  return ignore('not_the_holder');
}

/**
 * Records a DHCPDECLINE of a reserved address without withholding the address: any host on the link can forge one, and
 * the machine would lose its address. The lease ends, and the client gets it again when it asks; the address is probed
 * first where that is possible.
 */
function doubtReservation(
  { clientKey, now }: Exchange,
  { book, inUse }: DhcpSurroundings,
  subnet: SubnetLeases,
  offset: number,
  address: Ipv4Address,
): readonly LeaseChange[] {
  inUse.doubt(address, now.monotonicMs);
  const offer = subnet.offerAt(offset);
  if (offer?.clientKey === clientKey) subnet.dropOffer(offer);
  const binding = subnet.bindingAt(offset);
  return binding?.active === true && binding.lease.clientKey === clientKey
    ? book.release(subnet, binding, now)
    : [];
}
