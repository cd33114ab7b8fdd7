import { cidrContains } from '../../../protocol/ipv4-cidr.ts';
import { addressesOf, type Machine } from '../../machines/machine.ts';
import type { Subnet } from '../subnets/subnet.ts';

/** One sentence for each reserved address that is outside all subnets; empty where there are no subnets. */
export function reviewReservations(machines: Iterable<Machine>, subnets: readonly Subnet[]): string[] {
  if (subnets.length === 0) return [];
  const ids = new Set(subnets.map(({ id }) => id));
  return [...machines].flatMap((machine) => [
    ...addressesOf(machine).flatMap((address) =>
      subnets.some(({ cidr }) => cidrContains(cidr, address))
        ? []
        : [
            `machine ${machine.id}: its address ${address} is in none of the networks, so it is not given out`,
          ],
    ),
    ...[...(machine.networkOptions?.keys() ?? [])].flatMap((network) =>
      ids.has(network)
        ? []
        : [
            `machine ${machine.id}: its dhcp_options for network ${network} are never sent: there is no such network`,
          ],
    ),
  ]);
}
