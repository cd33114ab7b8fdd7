import { messageTypeName } from '../../../protocol/dhcp/option-codes.ts';
import type { Ipv4Address } from '../../../protocol/ipv4-address.ts';
import type { JsonObject } from '../../json-value.ts';
import { bootStage, describeClient, isBooting } from '../client/boot-client.ts';
import type { DhcpEvent } from '../dhcp-event.ts';
import type { Exchange } from './exchange.ts';

/** The event for a received or sent message, as text and as fields. */
export function exchangeEvent(
  exchange: Exchange,
  kind: DhcpEvent['kind'],
  summary: string,
  detail: JsonObject,
  address?: Ipv4Address,
): DhcpEvent {
  const { packet, mac, match, client, subnets } = exchange;
  return {
    kind,
    ...(mac !== undefined && { mac }),
    ...(address !== undefined && { address }),
    ...(match !== undefined && { machineId: match.machine.id }),
    summary,
    detail: {
      request: messageTypeName(exchange.type),
      xid: packet.message.xid.toString(16).padStart(8, '0'),
      subnet: subnets[0].compiled.subnet.id,
      interface: packet.ingress.interface,
      ...(isBooting(client) && { client: describeClient(client), stage: bootStage(client) }),
      ...(client.arch !== undefined && { arch: client.arch }),
      ...(match !== undefined && match.matchedBy !== 'mac' && { matchedBy: match.matchedBy }),
      ...detail,
    },
  };
}
