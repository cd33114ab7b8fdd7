import { cidrContains } from '../../../protocol/ipv4-cidr.ts';
import type { Machine } from '../../machines/machine.ts';
import type { Subnet } from '../subnets/subnet.ts';

/** Reserved addresses that nobody will ever be given, a sentence each; nothing where there is no subnet at all. */
export function reviewReservations(machines: Iterable<Machine>, subnets: readonly Subnet[]): string[] {
  if (subnets.length === 0) return [];
  return [...machines].flatMap(({ address, id }) => {
    if (address === undefined || subnets.some(({ cidr }) => cidrContains(cidr, address))) return [];
    return [`machine ${id}: its address ${address} is in none of the networks, and is not given out`];
  });
}
