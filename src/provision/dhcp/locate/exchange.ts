import type { RelayAgentInformation } from '../../../protocol/dhcp/relay-agent-information.ts';
import type { Ipv4Address } from '../../../protocol/ipv4-address.ts';
import type { MacAddress } from '../../../protocol/mac-address.ts';
import type { BootClient } from '../client/boot-client.ts';
import type { Identification, IdentityClaims } from '../../machines/identification.ts';
import type { DhcpPacket } from '../dhcp-packet.ts';
import type { AddressSeeker } from '../leases/address-seeker.ts';

/** What is known about one request before a decision is made: who sends it, and from where. */
export interface Exchange extends AddressSeeker {
  readonly packet: DhcpPacket;
  /** Option 53; undefined for BOOTP. */
  readonly type: number | undefined;
  readonly client: BootClient;
  /** `chaddr` if it is an Ethernet address. */
  readonly mac?: MacAddress;
  /** What the request says about its sender. */
  readonly claims: IdentityClaims;
  /** The sender, according to the machine records. */
  readonly identification: Identification;
  readonly relay?: RelayAgentInformation;
  /** The subnet that the client asked for (option 118), where that is trusted. */
  readonly subnetSelection?: Ipv4Address;
  /** Our address as this client reaches it. */
  readonly serverAddress: Ipv4Address;
  /**
   * The server identifier for this client (option 54): our address, or that of a relay with server identifier override
   * (RFC 5107).
   */
  readonly serverIdentifier: Ipv4Address;
}

/** Whether option 54 of a request means this server; `isOurs` tells whether an address is this host's. */
export function isOurIdentifier(
  identifier: Ipv4Address,
  { serverAddress, serverIdentifier }: Exchange,
  { isOurs }: { readonly isOurs: (address: Ipv4Address) => boolean },
): boolean {
  return identifier === serverIdentifier || identifier === serverAddress || isOurs(identifier);
}
