import { cidrContains } from '../../../protocol/ipv4-cidr.ts';
import type { Machine } from '../../machines/machine.ts';
import type { Subnet } from '../subnets/subnet.ts';

/** One sentence for each reserved address that is outside all subnets; empty where there are no subnets. */
export function reviewReservations(machines: Iterable<Machine>, subnets: readonly Subnet[]): string[] {
  if (subnets.length === 0) return [];
  return [...machines].flatMap(({ address, id }) => {
    if (address === undefined || subnets.some(({ cidr }) => cidrContains(cidr, address))) return [];
    return [`machine ${id}: its address ${address} is in none of the networks, so it is not given out`];
  });
}
