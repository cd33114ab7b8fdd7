import { type DhcpPolicy, DEFAULT_DHCP_POLICY } from '../provision/dhcp/dhcp-policy.ts';
import { defineSubnet, type Subnet } from '../provision/dhcp/subnets/subnet.ts';
import type { Settings } from './schema.ts';

/** The networks of the settings as the DHCP engine knows them. */
export function toSubnets(networks: Settings['networks']): Subnet[] {
  return networks.map((network) =>
    defineSubnet({
      id: network.id,
      cidr: network.cidr,
      mode: network.mode,
      pools: network.pools,
      exclude: network.exclude,
      routers: network.routers,
      dns: network.dns,
      ntp: network.ntp,
      ...(network.domain !== undefined && { domain: network.domain }),
      options: network.options,
      ...(network.server_address !== undefined && { serverAddress: network.server_address }),
      ...(network.next_server !== undefined && { nextServer: network.next_server }),
      ...(network.authoritative !== undefined && { authoritative: network.authoritative }),
      leaseSeconds: network.lease_seconds,
      bootLeaseSeconds: network.boot_lease_seconds,
      relays: network.relays,
      ...(network.shared_network !== undefined && { sharedNetwork: network.shared_network }),
      allowUnknown: network.allow_unknown,
      allowAutoFull: network.allow_auto_full,
      requireSoleServer: network.require_sole_server,
      uefiProxyStyle: network.uefi_proxy_style,
      pxePrompt: network.pxe_prompt,
      intelReplyRequest: network.intel_reply_request,
      skipOctetEdges: network.skip_octet_edges,
    }),
  );
}

/** The settings that hold for all networks. */
export function toDhcpPolicy(dhcp: Settings['dhcp']): DhcpPolicy {
  return {
    ...DEFAULT_DHCP_POLICY,
    identity: dhcp.identity === 'client_id' ? 'clientId' : 'mac',
    trustLinkSelection: dhcp.trust_link_selection,
    trustSubnetSelection: dhcp.trust_subnet_selection,
    trustOption82WithoutGiaddr: dhcp.trust_option_82_without_relay,
    strictRelaySource: dhcp.strict_relay_source,
    trustedRelays: dhcp.trusted_relays,
    bootp: dhcp.bootp,
    conflictDetection: dhcp.conflict_detection,
    bootLoop: dhcp.boot_loop,
    packetsPerSecond: dhcp.packets_per_second,
    clientPacketsPerSecond: dhcp.client_packets_per_second,
  };
}
