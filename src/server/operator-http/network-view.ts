import type { Ipv4Address } from '../../protocol/ipv4-address.ts';
import type { SubnetUsage } from '../../provision/dhcp/leases/subnet-leases.ts';
import type { ForeignServer } from '../../provision/dhcp/other-servers/foreign-servers.ts';
import type { Subnet, SubnetMode } from '../../provision/dhcp/subnets/subnet.ts';

/** A network as the operator plane shows it, with the numbers of leased, offered and other addresses. */
export interface NetworkView extends Omit<SubnetUsage, 'subnetId'> {
  readonly id: string;
  /** `10.0.1.0/24`. */
  readonly cidr: string;
  readonly mode: SubnetMode;
  /** Other DHCP servers that clients named within the last day. */
  readonly otherServers: readonly {
    readonly address: Ipv4Address;
    readonly firstSeenAt: Date;
    readonly lastSeenAt: Date;
  }[];
}

/** The networks in the order of the settings. */
export function viewNetworks(
  subnets: readonly Subnet[],
  usage: readonly SubnetUsage[],
  foreignServers: readonly ForeignServer[],
): NetworkView[] {
  const usageById = new Map(usage.map(({ subnetId, ...counts }) => [subnetId, counts]));
  return subnets.flatMap(({ cidr, id, mode }) => {
    const counts = usageById.get(id);
    if (counts === undefined) return [];
    const otherServers = foreignServers
      .filter(({ subnetId }) => subnetId === id)
      .map(({ firstSeenAt, lastSeenAt, serverAddress }) => ({
        address: serverAddress,
        firstSeenAt: new Date(firstSeenAt),
        lastSeenAt: new Date(lastSeenAt),
      }));
    return [{ id, cidr: cidr.text, mode, ...counts, otherServers }];
  });
}
