import { MessageType } from '../../../protocol/dhcp/option-codes.ts';
import { type DhcpDecision, ignore } from '../dhcp-decision.ts';
import type { DhcpSurroundings, Exchange } from '../exchange.ts';
import type { LeaseLimits } from '../leases/lease-limits.ts';
import { decideBootp } from './bootp.ts';
import { decideDecline } from './decline.ts';
import { decideDiscover } from './discover.ts';
import { decideInform } from './inform.ts';
import { decideRelease } from './release.ts';
import { decideRequest } from './request.ts';

/** Decides on a request as the server that leases addresses (RFC 2131 section 4.3). */
export function decideReply(
  exchange: Exchange,
  surroundings: DhcpSurroundings,
  limits: LeaseLimits,
): DhcpDecision {
  switch (exchange.type) {
    case MessageType.discover:
      return decideDiscover(exchange, surroundings, limits);
    case MessageType.request:
      return decideRequest(exchange, surroundings, limits);
    case MessageType.decline:
      return decideDecline(exchange, surroundings, limits.declines);
    case MessageType.release:
      return decideRelease(exchange, surroundings);
    case MessageType.inform:
      return decideInform(exchange, surroundings);
    case undefined:
      return decideBootp(exchange, surroundings);
    default:
      // Server messages, lease queries and whatever else: not for us to answer.
      return ignore('message_type');
  }
}
