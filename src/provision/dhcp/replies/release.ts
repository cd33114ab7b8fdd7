import { OptionCode } from '../../../protocol/dhcp/option-codes.ts';
import { readAddress } from '../../../protocol/dhcp/read-option.ts';
import { type DhcpDecision, ignore } from './dhcp-decision.ts';
import { type Exchange, isOurIdentifier } from '../locate/exchange.ts';
import type { DhcpSurroundings } from './surroundings.ts';
import { exchangeEvent } from '../locate/exchange-event.ts';

/**
 * Handles a DHCPRELEASE, which only the lease's holder may send: the address stays remembered as the client's until no
 * unused address is left, and is then given to others (RFC 2131 section 4.3.4).
 */
export function serveRelease(exchange: Exchange, surroundings: DhcpSurroundings): DhcpDecision {
  const { clientKey, now, packet, subnets } = exchange;
  const { ciaddr, options } = packet.message;
  const identifier = readAddress(options, OptionCode.serverIdentifier);
  if (identifier === undefined) return ignore('incomplete');
  if (!isOurIdentifier(identifier, exchange, surroundings)) return ignore('other_server');
  for (const subnet of subnets) {
    const offset = subnet.offsetOf(ciaddr);
    const binding = offset === undefined ? undefined : subnet.bindingAt(offset);
    if (binding?.active !== true || binding.lease.clientKey !== clientKey) continue;
    return {
      kind: 'accept',
      notice: 'release',
      changes: surroundings.book.release(subnet, binding, now),
      events: [exchangeEvent(exchange, 'dhcp.release', `released ${ciaddr}`, {}, ciaddr)],
    };
  }
  return ignore('not_the_holder');
}
