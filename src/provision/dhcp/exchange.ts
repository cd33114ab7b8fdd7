import type { RelayAgentInformation } from '../../protocol/dhcp/relay-agent-information.ts';
import type { Ipv4Address } from '../../protocol/ipv4-address.ts';
import type { MacAddress } from '../../protocol/mac-address.ts';
import type { BootClient } from './client/boot-client.ts';
import type { FindBootPlan } from './boot/boot-plan.ts';
import type { DhcpPacket } from './dhcp-packet.ts';
import type { DhcpPolicy } from './dhcp-policy.ts';
import type { LeaseBook } from './leases/lease-book.ts';
import type { MachineMatch, Reservations } from '../machines/machine-index.ts';
import type { SubnetLeases } from './leases/subnet-leases.ts';
import type { Moment } from './moment.ts';

/** Everything found out about one request before it is decided on. */
export interface Exchange {
  readonly packet: DhcpPacket;
  readonly now: Moment;
  /** Option 53; undefined for BOOTP. */
  readonly type: number | undefined;
  readonly client: BootClient;
  /** `chaddr` in hex with colons. */
  readonly chaddr: string;
  /** The same for Ethernet. */
  readonly mac?: MacAddress;
  readonly clientKey: string;
  readonly match?: MachineMatch;
  /** The client's subnet, and after it the others on the same link. */
  readonly subnets: readonly [SubnetLeases, ...SubnetLeases[]];
  readonly relay?: RelayAgentInformation;
  /** The subnet that the client asked for (option 118), where that is believed. */
  readonly subnetSelection?: Ipv4Address;
  /** Where this client reaches us. */
  readonly serverAddress: Ipv4Address;
  /** What we call ourselves to this client (option 54): our address, or the relay's that stands in for us (RFC 5107). */
  readonly serverIdentifier: Ipv4Address;
}

/** What decisions look things up in. */
export interface DhcpSurroundings {
  readonly book: LeaseBook;
  readonly policy: DhcpPolicy;
  readonly reservations: Reservations;
  readonly findBootPlan: FindBootPlan;
  /** Whether an address is one of this host's. */
  readonly isOurs: (address: Ipv4Address) => boolean;
}

/** Whether option 54 of a request means us. */
export function isOurIdentifier(
  identifier: Ipv4Address,
  { serverAddress, serverIdentifier }: Exchange,
  { isOurs }: DhcpSurroundings,
): boolean {
  return identifier === serverIdentifier || identifier === serverAddress || isOurs(identifier);
}
