import { OptionCode } from '../../../protocol/dhcp/option-codes.ts';
import { readAddress } from '../../../protocol/dhcp/read-option.ts';
import { type DhcpDecision, ignore } from './dhcp-decision.ts';
import { type Exchange, isOurIdentifier } from '../locate/exchange.ts';
import type { DhcpSurroundings } from './surroundings.ts';
import { exchangeEvent } from '../locate/exchange-event.ts';

/**
 * Takes a DHCPDECLINE: somebody else uses the address, so nobody gets it for ten minutes (RFC 2131 section 4.3.3). Only
 * from the client that was given it, so that nobody can take away the leases of others.
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
    const changes = surroundings.book.hold(subnet, offset, exchange.chaddr, now);
    const summary = `declined ${address}: another host uses it; it is kept from everybody for 10 minutes`;
    return {
      kind: 'accept',
      notice: 'decline',
      changes,
      events: [exchangeEvent(exchange, 'dhcp.decline', summary, {}, address)],
    };
  }
  return ignore('not_the_holder');
}
