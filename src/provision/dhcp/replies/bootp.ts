import { UNSPECIFIED_ADDRESS } from '../../../protocol/ipv4-address.ts';
import { planBoot } from '../boot/plan-boot.ts';
import { type DhcpDecision, ignore } from './dhcp-decision.ts';
import type { Exchange } from '../locate/exchange.ts';
import type { DhcpSurroundings } from './surroundings.ts';
import { findReservedAddress } from '../leases/choose-address.ts';
import { exchangeEvent } from '../locate/exchange-event.ts';
import { replyDecision, serverReplyMessage } from './server-reply.ts';

/**
 * Answers a BOOTP request, if BOOTP is on, with the machine's reserved address, for good: a BOOTP client neither
 * renews nor gives back (RFC 951; RFC 1534 section 2).
 */
export function serveBootp(exchange: Exchange, surroundings: DhcpSurroundings): DhcpDecision {
  const { book, findBootPlan, policy } = surroundings;
  const reserved = policy.bootp ? findReservedAddress(exchange) : undefined;
  if (reserved === undefined) return ignore('bootp');
  const { subnet, offset } = reserved;
  const address = subnet.addressAt(offset);
  const notes = { chaddr: exchange.chaddr };
  const { changes, renewal } = book.bind(subnet, offset, exchange.clientKey, notes, Infinity, exchange.now);
  // A BOOTP client says nothing of itself: what firmware without an architecture gets is all there is.
  const client = { ...exchange.client, kind: 'pxe' as const };
  const { answer, ...planned } = planBoot({ ...exchange, client }, subnet, findBootPlan, true);
  const message = serverReplyMessage(exchange, {
    type: undefined,
    subnet,
    ciaddr: UNSPECIFIED_ADDRESS,
    yiaddr: address,
    boot: { ...planned, answer: answer && { ...answer, options: new Map() } },
  });
  return replyDecision(exchange, message, undefined, {
    changes,
    renewal,
    events: [exchangeEvent(exchange, 'dhcp.ack', `leased ${address} by BOOTP, for good`, {}, address)],
  });
}
