import { expect, test } from 'vitest';
import { reviewReservations } from '../../../../src/provision/dhcp/leases/review-reservations.ts';
import { reviewSubnet } from '../../../../src/provision/dhcp/subnets/review-subnet.ts';
import type { SubnetSettings } from '../../../../src/provision/dhcp/subnets/subnet.ts';
import { cidr, clientMac, ip, machine, rackSubnet } from '../dhcp-rig.ts';

const pools = [{ first: ip('10.20.0.50'), last: ip('10.20.0.60') }];

test.each<[settings: Partial<SubnetSettings>, warning: string | undefined]>([
  [{}, undefined],
  [{ mode: 'proxy', pools: [] }, undefined],
  [
    { cidr: cidr('10.20.0.0/31'), pools: [], routers: [], allowUnknown: 'ignore' },
    'UEFI firmware refuses leases in a /31',
  ],
  [{ mode: 'proxy' }, 'the pools are not used in mode proxy'],
  [{ pools: [] }, 'there is no pool'],
  [{ pools: [], allowUnknown: 'ignore' }, undefined],
  [{ mode: 'auto', pools: [], allowAutoFull: true }, 'allow_auto_full does nothing without a pool'],
  [{ routers: [ip('10.99.0.1')] }, 'router 10.99.0.1 is not within 10.20.0.0/24'],
  [{ bootLeaseSeconds: 30 }, 'a boot lease of 30 s'],
  [{ pools, routers: [ip('10.20.0.55')] }, 'router 10.20.0.55 is inside a pool'],
  [{ options: [{ code: 67, value: { type: 'text', value: 'x' } }] }, 'options 66 and 67'],
])('%j: %s', (settings, warning) => {
  const warnings = reviewSubnet(rackSubnet(settings));
  expect(warnings).toHaveLength(warning === undefined ? 0 : 1);
  if (warning !== undefined) expect(warnings[0]).toContain(`subnet rack: ${warning}`);
});

test('a reserved address of no network is told, by the name of its machine', () => {
  const machines = [
    machine({ id: 'in', macs: [clientMac(1)], address: ip('10.20.0.9') }),
    machine({ id: 'out', macs: [clientMac(2)], address: ip('10.21.0.9') }),
    machine({ id: 'none', macs: [clientMac(3)] }),
  ];
  expect(reviewReservations(machines, [rackSubnet()])).toEqual([
    'machine out: its address 10.21.0.9 is in none of the networks, and is not given out',
  ]);
  expect(reviewReservations(machines, [])).toEqual([]);
});
