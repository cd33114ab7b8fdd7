import type { Ipv4Address } from '../../protocol/ipv4-address.ts';
import { MacPrefixes } from '../../protocol/mac-prefixes.ts';
import type { NamePolicy } from '../dns/lease-name.ts';

/** Settings of the DHCP server for all subnets. */
export interface DhcpPolicy {
  /**
   * How clients are told apart. mac: by hardware address, so that firmware, iPXE and the installed system share one
   * address. clientId: by option 61 where it is sent, as RFC 2131 specifies.
   */
  readonly identity: 'mac' | 'clientId';
  /** Whether to trust RFC 3527 link selection (option 82.5) and RFC 5107 server override (82.11) of relays. */
  readonly trustLinkSelection: boolean;
  /** Whether to trust RFC 3011 subnet selection (option 118), which any client can send. */
  readonly trustSubnetSelection: boolean;
  /** Whether a relayed packet must come from its giaddr or from one of `trustedRelays`. */
  readonly strictRelaySource: boolean;
  readonly trustedRelays: readonly Ipv4Address[];
  /** Whether to accept option 82 in packets that were not relayed. */
  readonly trustOption82WithoutGiaddr: boolean;
  /**
   * Which BOOTP clients are answered: none, those whose machine has a reserved address, or all, including from the
   * pools.
   */
  readonly bootp: 'off' | 'reserved' | 'dynamic';
  /** Whether an address is probed before it is offered for the first time (DhcpReply.probe). */
  readonly conflictDetection: 'off' | 'not-pxe' | 'all';
  /** What to do about a machine in a boot loop: only report it, or also stop handing out its boot file. */
  readonly bootLoop: 'report' | 'stop';
  /** Packets per second from one hardware address. */
  readonly clientPacketsPerSecond: number;
  /** Packets per second in all. */
  readonly packetsPerSecond: number;
  /** Cards that get no answer, whatever they send. */
  readonly neverAnswer: MacPrefixes;
  /** How clients get names in DNS. If absent, they get none, and option 81 is not answered. */
  readonly names?: NamePolicy;
}

/** The defaults. */
export const DEFAULT_DHCP_POLICY: DhcpPolicy = {
  identity: 'mac',
  trustLinkSelection: false,
  trustSubnetSelection: false,
  strictRelaySource: false,
  trustedRelays: [],
  trustOption82WithoutGiaddr: false,
  bootp: 'off',
  conflictDetection: 'not-pxe',
  bootLoop: 'report',
  clientPacketsPerSecond: 20,
  packetsPerSecond: 100_000,
  neverAnswer: new MacPrefixes(),
};
