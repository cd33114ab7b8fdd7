import { expect, test } from 'vitest';
import { reviewReservations } from '../../../../src/provision/dhcp/leases/review-reservations.ts';
import { clientMac, ip, machine, rackSubnet } from '../dhcp-rig.ts';

test('a reserved address of no network is told, by the name of its machine', () => {
  const machines = [
    machine({ id: 'in', macs: [clientMac(1)], address: ip('10.20.0.9') }),
    machine({ id: 'out', macs: [clientMac(2)], address: ip('10.21.0.9') }),
    machine({ id: 'none', macs: [clientMac(3)] }),
  ];
  expect(reviewReservations(machines, [rackSubnet()])).toEqual([
    'machine out: its address 10.21.0.9 is in none of the networks, so it is not given out',
  ]);
  expect(reviewReservations(machines, [])).toEqual([]);
});
