import { z } from 'zod';
import { type DhcpPolicy, DEFAULT_DHCP_POLICY } from '../../provision/dhcp/dhcp-policy.ts';
import { ipv4 } from './values.ts';

/** `dhcp`: what holds for DHCP on all networks. */
export const dhcp = z
  .strictObject({
    interfaces: z
      .array(z.string())
      .prefault([])
      .describe('Network interfaces to answer DHCP on. With none, DHCP is off.')
      .meta({ example: '[eth1]' }),
    share_ports: z
      .boolean()
      .prefault(false)
      .describe(
        'Whether another DHCP server of this host may use the same interface, as a proxy beside it needs.',
      )
      .meta({ example: 'true' }),
    identity: z
      .enum(['mac', 'client_id'])
      .prefault('mac')
      .describe('What makes two requests come from one client.'),
    trust_link_selection: z
      .boolean()
      .prefault(false)
      .describe('Whether to believe option 82.5 (RFC 3527) and 82.11 (RFC 5107) of relays.'),
    trust_subnet_selection: z.boolean().prefault(false).describe('Whether to believe option 118 (RFC 3011).'),
    trust_option_82_without_relay: z
      .boolean()
      .prefault(false)
      .describe('Whether to accept option 82 in packets without `giaddr`, as switches that snoop send them.'),
    strict_relay_source: z
      .boolean()
      .prefault(false)
      .describe("Whether relayed packets must come from their relay's own address."),
    trusted_relays: z
      .array(ipv4)
      .prefault([])
      .describe('Addresses that relays may send from as well, when `strict_relay_source` is set.')
      .meta({ example: '[10.0.9.1]' }),
    bootp: z
      .union([z.boolean(), z.literal('dynamic')])
      .prefault(false)
      .describe(
        'Whether to answer BOOTP clients: `true` those that have a reservation, `dynamic` all, whose addresses of the pools are then theirs for good.',
      )
      .meta({ example: 'true' }),
    conflict_detection: z
      .enum(['off', 'not-pxe', 'all'])
      .prefault('not-pxe')
      .describe('Whose new addresses are tried on the network before they are offered.'),
    boot_loop: z
      .enum(['report', 'stop'])
      .prefault('report')
      .describe('What to do about a machine that loads the same thing again and again.'),
    packets_per_second: z
      .int()
      .min(1)
      .prefault(100_000)
      .describe('Packets a second in all; more are dropped.'),
    client_packets_per_second: z
      .int()
      .min(1)
      .prefault(20)
      .describe('Packets a second from one hardware address.'),
  })
  .prefault({});

/** The settings that hold for all networks. */
export function toDhcpPolicy(settings: z.output<typeof dhcp>): DhcpPolicy {
  return {
    ...DEFAULT_DHCP_POLICY,
    identity: settings.identity === 'client_id' ? 'clientId' : 'mac',
    trustLinkSelection: settings.trust_link_selection,
    trustSubnetSelection: settings.trust_subnet_selection,
    trustOption82WithoutGiaddr: settings.trust_option_82_without_relay,
    strictRelaySource: settings.strict_relay_source,
    trustedRelays: settings.trusted_relays,
    bootp: settings.bootp === 'dynamic' ? 'dynamic' : settings.bootp ? 'reserved' : 'off',
    conflictDetection: settings.conflict_detection,
    bootLoop: settings.boot_loop,
    packetsPerSecond: settings.packets_per_second,
    clientPacketsPerSecond: settings.client_packets_per_second,
  };
}
