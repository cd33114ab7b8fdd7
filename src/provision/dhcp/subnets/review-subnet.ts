import { ipv4ToNumber } from '../../../protocol/ipv4-address.ts';
import { cidrContains } from '../../../protocol/ipv4-cidr.ts';
import type { Subnet } from './subnet.ts';

/** What is allowed in a subnet's settings and will surprise whoever wrote them, a sentence each. */
export function reviewSubnet(subnet: Subnet): string[] {
  const { cidr, id, mode } = subnet;
  const leases = mode === 'full' || mode === 'auto';
  const warnings: string[] = [];
  if (leases && cidr.prefixLength >= 31) {
    // tianocore/edk2#8557.
    warnings.push(
      `UEFI firmware refuses leases in a /${cidr.prefixLength} (${cidr.text}): use a /30 or larger`,
    );
  }
  if (mode === 'proxy' && subnet.pools.length > 0) {
    warnings.push(
      'the pools are not used in mode proxy, where another server leases: remove them or set mode full',
    );
  }
  if (mode === 'full' && subnet.pools.length === 0 && subnet.allowUnknown === 'discover') {
    warnings.push(
      'there is no pool, so machines without a reserved address get none: add a pool if they should',
    );
  }
  if (mode === 'auto' && subnet.allowAutoFull && subnet.pools.length === 0) {
    warnings.push('allow_auto_full does nothing without a pool: add one');
  }
  for (const router of subnet.routers) {
    if (!cidrContains(cidr, router)) {
      warnings.push(`router ${router} is not within ${cidr.text}: clients will not reach it`);
    }
  }
  if (leases && subnet.bootLeaseSeconds < 60) {
    warnings.push(`a boot lease of ${subnet.bootLeaseSeconds} s may end before iPXE is done: use 60 or more`);
  }
  for (const { first, last } of subnet.pools) {
    const inside = subnet.routers.find(
      (router) => ipv4ToNumber(router) >= ipv4ToNumber(first) && ipv4ToNumber(router) <= ipv4ToNumber(last),
    );
    if (inside !== undefined) warnings.push(`router ${inside} is inside a pool; it is left out of it`);
  }
  if (subnet.options.some(({ code }) => code === 66 || code === 67)) {
    warnings.push(
      'options 66 and 67 are for clients other than PXE, iPXE and UEFI HTTP Boot: those are told by the catalog',
    );
  }
  return warnings.map((warning) => `subnet ${id}: ${warning}`);
}
