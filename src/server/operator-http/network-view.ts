import type { NetworkView } from '../../api/schemas/network.ts';
import type { SubnetUsage } from '../../provision/dhcp/leases/subnet-leases.ts';
import type { ForeignServer } from '../../provision/dhcp/other-servers/foreign-servers.ts';
import type { Subnet } from '../../provision/dhcp/subnets/subnet.ts';

/** The networks in the order of the settings. */
export function viewNetworks(
  subnets: readonly Subnet[],
  usage: readonly SubnetUsage[],
  foreignServers: readonly ForeignServer[],
): NetworkView[] {
  const usageById = new Map(usage.map((counts) => [counts.subnetId, counts]));
  return subnets.flatMap(({ cidr, id, mode }) => {
    const counts = usageById.get(id);
    if (counts === undefined) return [];
    const { bound, declined, offered, poolSize, remembered } = counts;
    const others = foreignServers.filter(({ subnetId }) => subnetId === id);
    return [
      {
        id,
        cidr: cidr.text,
        mode,
        pool_size: poolSize,
        bound,
        offered,
        declined,
        remembered,
        other_servers: others.map(({ firstSeenAt, lastSeenAt, serverAddress }) => ({
          address: serverAddress,
          first_seen_at: new Date(firstSeenAt).toISOString(),
          last_seen_at: new Date(lastSeenAt).toISOString(),
        })),
      },
    ];
  });
}
