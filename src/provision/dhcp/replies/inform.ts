import { MessageType } from '../../../protocol/dhcp/option-codes.ts';
import { UNSPECIFIED_ADDRESS } from '../../../protocol/ipv4-address.ts';
import { planBoot } from '../boot/plan-boot.ts';
import { type DhcpDecision, ignore } from './dhcp-decision.ts';
import type { Exchange } from '../locate/exchange.ts';
import type { DhcpSurroundings } from './surroundings.ts';
import { exchangeEvent } from '../locate/exchange-event.ts';
import { replyDecision, serverReplyMessage } from './server-reply.ts';

/**
 * Answers a DHCPINFORM of a client that got its address in another way: settings without a lease (RFC 2131 section
 * 4.3.5).
 */
export function decideInform(exchange: Exchange, surroundings: DhcpSurroundings): DhcpDecision {
  const { client, packet, subnets } = exchange;
  const { ciaddr, giaddr } = packet.message;
  const relayed = giaddr !== UNSPECIFIED_ADDRESS;
  // A relay finds the client by its hardware address, so a request without one cannot be answered.
  if (ciaddr === UNSPECIFIED_ADDRESS && !relayed) return ignore('incomplete');
  const own = subnets.find((one) => one.offsetOf(ciaddr) !== undefined);
  if (own === undefined && !relayed) return ignore('no_subnet');
  const subnet = own ?? subnets[0];
  const message = serverReplyMessage(exchange, {
    type: MessageType.ack,
    subnet,
    ciaddr,
    yiaddr: UNSPECIFIED_ADDRESS,
    boot: planBoot(exchange, subnet, surroundings.findBootPlan, true),
  });
  return replyDecision(exchange, message, MessageType.ack, {
    changes: [],
    renewal: false,
    // Installed systems send DHCPINFORM repeatedly, which is not a step of a boot.
    events:
      client.kind === undefined
        ? []
        : [exchangeEvent(exchange, 'dhcp.ack', 'told its settings', {}, own && ciaddr)],
  });
}
