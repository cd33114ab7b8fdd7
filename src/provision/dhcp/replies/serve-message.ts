import { MessageType } from '../../../protocol/dhcp/option-codes.ts';
import { type DhcpDecision, ignore } from './dhcp-decision.ts';
import type { Exchange } from '../locate/exchange.ts';
import type { DhcpSurroundings } from './surroundings.ts';
import { serveBootp } from './bootp.ts';
import { serveDecline } from './decline.ts';
import { serveDiscover } from './discover.ts';
import { decideInform } from './inform.ts';
import { serveRelease } from './release.ts';
import { serveRequest } from './request.ts';

/** Decides on a request as the server that leases addresses (RFC 2131 section 4.3). */
export function serveMessage(exchange: Exchange, surroundings: DhcpSurroundings): DhcpDecision {
  switch (exchange.type) {
    case MessageType.discover:
      return serveDiscover(exchange, surroundings);
    case MessageType.request:
      return serveRequest(exchange, surroundings);
    case MessageType.decline:
      return serveDecline(exchange, surroundings);
    case MessageType.release:
      return serveRelease(exchange, surroundings);
    case MessageType.inform:
      return decideInform(exchange, surroundings);
    case undefined:
      return serveBootp(exchange, surroundings);
    default:
      // Messages of servers, lease queries and other types get no answer.
      return ignore('message_type');
  }
}
