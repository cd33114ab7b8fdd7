import { BROADCAST_FLAG, type DhcpMessage } from '../../../protocol/dhcp/message.ts';
import { MessageType } from '../../../protocol/dhcp/option-codes.ts';
import type { RelayAgentInformation } from '../../../protocol/dhcp/relay-agent-information.ts';
import { BROADCAST_ADDRESS, UNSPECIFIED_ADDRESS } from '../../../protocol/ipv4-address.ts';
import type { ReplyDestination } from './dhcp-decision.ts';
import type { DhcpPacket } from '../dhcp-packet.ts';

const SERVER_PORT = 67;
const CLIENT_PORT = 68;

/**
 * Where the reply to a request on port 67 goes (RFC 2131 section 4.1). A client without an address gets a broadcast
 * instead of a unicast to its hardware address: the RFC allows that where such a unicast is not possible, and every
 * client accepts it.
 */
export function replyDestination(
  { message, ingress, source }: DhcpPacket,
  replyType: number | undefined,
  relay: RelayAgentInformation | undefined,
): ReplyDestination {
  if (message.giaddr !== UNSPECIFIED_ADDRESS) {
    // RFC 8357 section 5.4: a relay with this sub-option listens on the port that it sends from.
    const port = relay?.sourcePort === true ? source.port : SERVER_PORT;
    return { address: message.giaddr, port, from: ingress };
  }
  // A client that has an address sends from it. A ciaddr that differs from the source address is not a destination.
  const unicast =
    replyType === MessageType.ack &&
    message.ciaddr !== UNSPECIFIED_ADDRESS &&
    message.ciaddr === source.address;
  return { address: unicast ? message.ciaddr : BROADCAST_ADDRESS, port: CLIENT_PORT, from: ingress };
}

/**
 * The flags of a reply: as received, except that a relayed DHCPNAK has the broadcast bit set, since the client cannot
 * use the address that was refused (RFC 2131 section 4.3.2).
 */
export function replyFlags(request: DhcpMessage, replyType: number | undefined): number {
  const refusedBehindRelay = replyType === MessageType.nak && request.giaddr !== UNSPECIFIED_ADDRESS;
  return refusedBehindRelay ? request.flags | BROADCAST_FLAG : request.flags;
}
