import { beforeEach, describe, expect, test } from 'vitest';
import { ClientAddresses } from '../../src/host/client-addresses.ts';
import type { Neighbour } from '../../src/host/neighbours.ts';
import type { Ipv4Address } from '../../src/protocol/ipv4-address.ts';
import type { Lease } from '../../src/provision/dhcp/leases/lease.ts';

const ADDRESS = '10.0.0.11' as Ipv4Address;
const MINE = '52:54:00:00:00:01';
const OTHER = '52:54:00:00:00:02';
const ROUTER = '52:54:00:00:00:fe';

const LEASE: Lease = {
  address: ADDRESS,
  subnetId: 'rack',
  clientKey: `mac:${MINE}`,
  chaddr: MINE,
  state: 'bound',
  boundAt: 0,
  expiresAt: 1,
};

let lease: Lease | undefined;
let neighbours: Neighbour[];
let nowMs: number;
let reads: number;
let addresses: ClientAddresses;

beforeEach(() => {
  lease = undefined;
  neighbours = [];
  nowMs = 0;
  reads = 0;
  addresses = new ClientAddresses(
    { findLease: () => lease, findForeignMac: () => undefined },
    () => nowMs,
    () => {
      reads++;
      return neighbours;
    },
  );
});

const neighbour = (mac: string, address = ADDRESS): Neighbour => ({ address, mac });

describe('the cards behind an address', () => {
  test.each<[name: string, lease: Lease | undefined, neighbours: Neighbour[], cards: string[]]>([
    ['none, if nothing is known', undefined, [neighbour(OTHER, '10.0.0.12' as Ipv4Address)], []],
    ['that of the lease, and the neighbour', LEASE, [neighbour(MINE)], [MINE, MINE]],
    ['the neighbour that has taken over a leased address, too', LEASE, [neighbour(OTHER)], [MINE, OTHER]],
    ['the neighbour alone, after the lease', { ...LEASE, state: 'expired' }, [neighbour(OTHER)], [OTHER]],
    ['the lease alone, behind a relay', { ...LEASE, relayInfo: '0104' }, [neighbour(ROUTER)], [MINE]],
    [
      'both, if the address is in use on two interfaces',
      undefined,
      [neighbour(MINE), neighbour(OTHER)],
      [MINE, OTHER],
    ],
  ])('are %s', (_name, leased, table, cards) => {
    lease = leased;
    neighbours = table;
    expect(addresses.cardsBehind(ADDRESS)).toEqual(cards);
  });

  test('are none for an address of IPv6', () => {
    expect(addresses.cardsBehind('fe80::1')).toEqual([]);
  });

  test('are found as soon as the kernel knows a new neighbour, from few reads of its table', () => {
    expect(addresses.cardsBehind(ADDRESS)).toEqual([]);
    neighbours = [neighbour(MINE)];
    nowMs = 5;
    expect(addresses.cardsBehind(ADDRESS)).toEqual([]);
    nowMs = 10;
    expect(addresses.cardsBehind(ADDRESS)).toEqual([MINE]);
    for (; nowMs < 110; nowMs++) addresses.cardsBehind(ADDRESS);
    expect(reads).toBe(2);
  });

  test('change at once when the address goes over to another card, though others may know less', () => {
    neighbours = [neighbour(MINE)];
    expect(addresses.cardsBehind(ADDRESS)).toEqual([MINE]);
    neighbours = [neighbour(OTHER)];
    nowMs = 100;
    expect(addresses.findMac(ADDRESS)).toBe(MINE);
    expect(addresses.cardsBehind(ADDRESS)).toEqual([OTHER]);
    expect(addresses.findMac(ADDRESS)).toBe(OTHER);
  });
});
