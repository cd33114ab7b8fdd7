import type { Machine } from '../../machines/machine.ts';
import { findNeverSelected } from '../client/never-selected.ts';
import type { Subnet } from '../subnets/subnet.ts';

/** A pool from which no client can get an address. */
export interface PoolWarning {
  /** Index of the network and of the pool in the settings. */
  readonly network: number;
  readonly pool: number;
  readonly message: string;
}

/** The pools whose selector no DHCP client matches. */
export function reviewPools(
  machines: readonly Machine[],
  subnets: readonly Pick<Subnet, 'id' | 'pools'>[],
): PoolWarning[] {
  const pools = subnets.flatMap(({ id, pools: own }, network) =>
    own.flatMap(({ first, last, selector }, pool) =>
      selector === undefined ? [] : [{ selector, network, pool, name: `${first}-${last} of network ${id}` }],
    ),
  );
  return findNeverSelected(pools, machines).map(({ reason, subject: { name, network, pool } }) => ({
    network,
    pool,
    message: `no client gets an address of the pool ${name}: ${reason}`,
  }));
}
