import { createHash } from 'node:crypto';
import { type DnsName, encodeDnsName } from './dns-name.ts';

/** The identity of a client for the DHCID record (RFC 4701 section 3.3). */
export type DhcpIdentity =
  /** `htype` and `chaddr` of its messages. */
  | { readonly kind: 'hardware'; readonly htype: number; readonly chaddr: Uint8Array }
  /** Option 61. If it contains a DUID (RFC 4361), only the DUID is used, as for DHCPv6. */
  | { readonly kind: 'clientIdentifier'; readonly bytes: Uint8Array };

const IDENTIFIER_HARDWARE = 0;
const IDENTIFIER_CLIENT = 1;
const IDENTIFIER_DUID = 2;
const DIGEST_SHA256 = 1;
/** RFC 4361 section 6.1: type 255, four bytes of IAID, and a DUID of which two bytes are its type. */
const CLIENT_ID_WITH_DUID = 255;
const DUID_OFFSET = 5;
const DUID_SIZE_MIN = 3;

/**
 * RDATA of the DHCID record that ties a name to a client without revealing the client's identity (RFC 4701 section
 * 3.1): the kind of identifier, the kind of digest, and SHA-256 over the identifier and the name.
 */
export function dhcidRdata(identity: DhcpIdentity, name: DnsName): Uint8Array {
  const { bytes, type } = identifierOf(identity);
  const digest = createHash('sha256').update(bytes).update(encodeDnsName(name)).digest();
  return Uint8Array.from([type >> 8, type & 255, DIGEST_SHA256, ...digest]);
}

function identifierOf(identity: DhcpIdentity): { type: number; bytes: Uint8Array } {
  if (identity.kind === 'hardware') {
    return { type: IDENTIFIER_HARDWARE, bytes: Uint8Array.from([identity.htype, ...identity.chaddr]) };
  }
  const { bytes } = identity;
  if (bytes[0] === CLIENT_ID_WITH_DUID && bytes.length >= DUID_OFFSET + DUID_SIZE_MIN) {
    return { type: IDENTIFIER_DUID, bytes: bytes.subarray(DUID_OFFSET) };
  }
  return { type: IDENTIFIER_CLIENT, bytes };
}
