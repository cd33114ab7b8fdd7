import { createHash } from 'node:crypto';
import { type DhcpMessage, HTYPE_ETHERNET, HTYPE_INFINIBAND } from '../../../protocol/dhcp/message.ts';
import { OptionCode } from '../../../protocol/dhcp/option-codes.ts';
import { hexFromBytes } from '../../../protocol/dhcp/read-option.ts';

/** Longer client identifiers are replaced by their hash, which bounds the memory that a client can use. */
export const CLIENT_ID_SIZE_MAX = 64;

/**
 * The key of a client, equal for all its requests: `mac:52:54:00:a1:9c:ae`, `hw6:` for hardware that is not Ethernet,
 * or `id:` and option 61 in hex. By default the hardware address alone counts, since firmware, iPXE and the installed
 * system of one machine send different client identifiers or none. InfiniBand, whose hardware address does not fit into
 * `chaddr`, is always identified by its client identifier (RFC 4390 section 2.1).
 */
export function clientKeyOf(message: DhcpMessage, identity: 'mac' | 'clientId', chaddr: string): string {
  const clientId = message.options.get(OptionCode.clientIdentifier);
  const byClientId = identity === 'clientId' || message.htype === HTYPE_INFINIBAND;
  if (clientId !== undefined && clientId.length > 0 && byClientId) {
    if (!isOwnHardwareAddress(clientId, message)) return `id:${describeClientId(clientId)}`;
  }
  return message.htype === HTYPE_ETHERNET ? `mac:${chaddr}` : `hw${message.htype}:${chaddr}`;
}

/** A client identifier as stored and compared: in hex, or its hash where it is unusually long. */
export function describeClientId(clientId: Uint8Array): string {
  if (clientId.length <= CLIENT_ID_SIZE_MAX) return hexFromBytes(clientId);
  return `sha256:${createHash('sha256').update(clientId).digest('hex')}`;
}

/** RFC 2132 section 9.14: an identifier of type 1 and the MAC address adds nothing to `chaddr`. */
function isOwnHardwareAddress(clientId: Uint8Array, { htype, hlen, chaddr }: DhcpMessage): boolean {
  if (htype !== HTYPE_ETHERNET || clientId.length !== hlen + 1 || clientId[0] !== HTYPE_ETHERNET)
    return false;
  return chaddr.every((byte, index) => clientId[index + 1] === byte);
}
