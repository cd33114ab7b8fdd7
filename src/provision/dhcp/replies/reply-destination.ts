import { BROADCAST_FLAG, type DhcpMessage } from '../../../protocol/dhcp/message.ts';
import { MessageType } from '../../../protocol/dhcp/option-codes.ts';
import type { RelayAgentInformation } from '../../../protocol/dhcp/relay-agent-information.ts';
import { BROADCAST_ADDRESS, UNSPECIFIED_ADDRESS } from '../../../protocol/ipv4-address.ts';
import type { ReplyDestination } from './dhcp-decision.ts';
import type { DhcpPacket } from '../dhcp-packet.ts';

const SERVER_PORT = 67;
const CLIENT_PORT = 68;

/**
 * Where the reply to a request on port 67 goes (RFC 2131 section 4.1). What RFC 2131 would send to the hardware
 * address of a client that has no address yet is broadcast, which the RFC allows where the other is not possible, and
 * which every client takes.
 */
export function replyDestination(
  { message, ingress, source }: DhcpPacket,
  replyType: number | undefined,
  relay: RelayAgentInformation | undefined,
): ReplyDestination {
  if (message.giaddr !== UNSPECIFIED_ADDRESS) {
    // RFC 8357 section 5.4: such a relay listens where it sends from.
    const port = relay?.sourcePort === true ? source.port : SERVER_PORT;
    return { address: message.giaddr, port, from: ingress };
  }
  // A client that has an address sends from it; a ciaddr of anywhere else is nowhere to send to.
  const unicast =
    replyType === MessageType.ack &&
    message.ciaddr !== UNSPECIFIED_ADDRESS &&
    message.ciaddr === source.address;
  return { address: unicast ? message.ciaddr : BROADCAST_ADDRESS, port: CLIENT_PORT, from: ingress };
}

/**
 * The flags of a reply: as received, but for a refusal that a relay must broadcast, since the client's address is
 * what is being refused (RFC 2131 section 4.3.2).
 */
export function replyFlags(request: DhcpMessage, replyType: number | undefined): number {
  const refusedBehindRelay = replyType === MessageType.nak && request.giaddr !== UNSPECIFIED_ADDRESS;
  return refusedBehindRelay ? request.flags | BROADCAST_FLAG : request.flags;
}
