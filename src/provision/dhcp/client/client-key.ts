import { createHash } from 'node:crypto';
import { type DhcpMessage, HTYPE_ETHERNET, HTYPE_INFINIBAND } from '../../../protocol/dhcp/message.ts';
import { OptionCode } from '../../../protocol/dhcp/option-codes.ts';
import { hexFromBytes } from '../../../protocol/dhcp/read-option.ts';
import { isIdentifyingUuid, uuidFromWire } from '../../../protocol/machine-uuid.ts';

const TYPE_NONE = 0;
/** RFC 4361 section 6.1: an IAID of four bytes and a DUID follow. */
const TYPE_DUID = 255;
const IAID_SIZE = 4;
const DUID_UUID = 4;
const UUID_SIZE = 16;

/** Longer client identifiers are replaced by their hash, which bounds the memory that a client can use. */
export const CLIENT_ID_SIZE_MAX = 64;

/**
 * The key of a client, equal for all its requests: `mac:52:54:00:a1:9c:ae`, `hw6:` for hardware that is not Ethernet,
 * or `id:` and option 61 in hex. By default the hardware address alone counts, since firmware, iPXE and the installed
 * system of one machine send different client identifiers or none. InfiniBand and FireWire, whose hardware addresses do
 * not fit into `chaddr`, are always identified by their client identifier (RFC 4390 section 2.1, RFC 2855 section 4). An identifier that many boards share
 * does not count, since two machines would get one address.
 */
export function clientKeyOf(message: DhcpMessage, identity: 'mac' | 'clientId', chaddr: string): string {
  const clientId = message.options.get(OptionCode.clientIdentifier);
  const byClientId = identity === 'clientId' || message.htype === HTYPE_INFINIBAND || message.hlen === 0;
  if (clientId !== undefined && clientId.length > 0 && byClientId) {
    const shared = message.htype === HTYPE_ETHERNET && isSharedClientId(clientId);
    if (!shared && !isOwnHardwareAddress(clientId, message)) return `id:${describeClientId(clientId)}`;
  }
  return message.htype === HTYPE_ETHERNET ? `mac:${chaddr}` : `hw${message.htype}:${chaddr}`;
}

/** A client identifier as stored and compared: in hex, or its hash where it is unusually long. */
export function describeClientId(clientId: Uint8Array): string {
  if (clientId.length <= CLIENT_ID_SIZE_MAX) return hexFromBytes(clientId);
  return `sha256:${createHash('sha256').update(clientId).digest('hex')}`;
}

/**
 * Whether many boards send this identifier: it carries a UUID that is a placeholder, after type 0, as boot ROMs send it,
 * or in a DUID-UUID (RFC 4361, RFC 6355).
 */
function isSharedClientId(clientId: Uint8Array): boolean {
  const [type] = clientId;
  if (type === TYPE_NONE) return clientId.length === 1 + UUID_SIZE && isDummyUuid(clientId.subarray(1));
  const duid = clientId.subarray(1 + IAID_SIZE);
  return (
    type === TYPE_DUID &&
    duid.length === 2 + UUID_SIZE &&
    duid[0] === 0 &&
    duid[1] === DUID_UUID &&
    isDummyUuid(duid.subarray(2))
  );
}

function isDummyUuid(bytes: Uint8Array): boolean {
  return !isIdentifyingUuid(uuidFromWire(bytes));
}

/** RFC 2132 section 9.14: an identifier of type 1 and the MAC address adds nothing to `chaddr`. */
function isOwnHardwareAddress(clientId: Uint8Array, { htype, hlen, chaddr }: DhcpMessage): boolean {
  if (htype !== HTYPE_ETHERNET || clientId.length !== hlen + 1 || clientId[0] !== HTYPE_ETHERNET)
    return false;
  return chaddr.every((byte, index) => clientId[index + 1] === byte);
}
