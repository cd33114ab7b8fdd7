import { z } from 'zod';
import { type DhcpPolicy, DEFAULT_DHCP_POLICY } from '../../provision/dhcp/dhcp-policy.ts';
import { MacPrefixes } from '../../protocol/mac-prefixes.ts';
import { hostAddress, macPrefix } from './values.ts';

/** `dhcp`: the settings of DHCP for all networks. */
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
        'Whether another DHCP server on this host may use the same interface. Needed for a proxy on the same host.',
      )
      .meta({ example: 'true' }),
    identity: z
      .enum(['mac', 'client_id'])
      .prefault('mac')
      .describe('How clients are told apart: by MAC address or by client identifier (option 61).'),
    trust_link_selection: z
      .boolean()
      .prefault(false)
      .describe(
        'Whether to use link selection (option 82.5, RFC 3527) and server identifier override (82.11, RFC 5107) from relays.',
      ),
    trust_subnet_selection: z
      .boolean()
      .prefault(false)
      .describe('Whether to use subnet selection (option 118, RFC 3011) from clients.'),
    trust_option_82_without_relay: z
      .boolean()
      .prefault(false)
      .describe(
        'Whether to accept option 82 in packets without `giaddr`, as switches with DHCP snooping send them.',
      ),
    strict_relay_source: z
      .boolean()
      .prefault(false)
      .describe("Whether relayed packets must come from their relay's own address."),
    trusted_relays: z
      .array(hostAddress)
      .prefault([])
      .describe('Further addresses that relays may send from when `strict_relay_source` is set.')
      .meta({ example: '[10.0.9.1]' }),
    bootp: z
      .union([z.boolean(), z.literal('dynamic')])
      .prefault(false)
      .describe(
        'Whether to answer BOOTP clients. `true`: only those with a reserved address. `dynamic`: all of them; an address from a pool is then leased without an end.',
      )
      .meta({ example: 'true' }),
    never_answer: z
      .array(macPrefix)
      .prefault([])
      .describe(
        'Network cards that DHCP and TFTP never answer: MAC addresses, or their first bytes such as the three of a maker.',
      )
      .meta({ example: '["00:1b:21", "52:54:00:a1:9c:ae"]' }),
    conflict_detection: z
      .enum(['off', 'not-pxe', 'all'])
      .prefault('not-pxe')
      .describe(
        'For which clients Railhead first tests on the network whether another host uses the new address. `not-pxe`: all clients that do not boot from the network.',
      ),
    boot_loop: z
      .enum(['report', 'stop'])
      .prefault('report')
      .describe(
        'What to do about a machine that loads the same boot file again and again: only report it, or stop telling it what to boot.',
      ),
    packets_per_second: z
      .int()
      .min(1)
      .prefault(100_000)
      .describe('Packets a second from all clients together. Further packets are dropped.'),
    client_packets_per_second: z
      .int()
      .min(1)
      .prefault(20)
      .describe('Packets a second from one hardware address. Further packets are dropped.'),
  })
  .prefault({});

/** The settings of all networks, for the DHCP engine. */
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
    neverAnswer: new MacPrefixes(settings.never_answer),
    packetsPerSecond: settings.packets_per_second,
    clientPacketsPerSecond: settings.client_packets_per_second,
  };
}
