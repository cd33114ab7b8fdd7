import { expect, test } from 'vitest';
import { reviewReservations } from '../../../../src/provision/dhcp/leases/review-reservations.ts';
import { clientMac, ip, machine, rackSubnet } from '../dhcp-rig.ts';

test('a reserved address outside all networks is reported with the name of its machine', () => {
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

test('so are further addresses, and options for a network that there is not', () => {
  const options = new Map([[26, Uint8Array.of(5, 220)]]);
  const networkOptions = new Map([
    ['rack', options],
    ['rakc', options],
  ]);
  const further = machine({
    id: 'm',
    address: ip('10.20.0.9'),
    furtherAddresses: [ip('10.22.0.9')],
    networkOptions,
  });
  expect(reviewReservations([further], [rackSubnet()])).toEqual([
    'machine m: its address 10.22.0.9 is in none of the networks, so it is not given out',
    'machine m: its dhcp_options for network rakc are never sent: there is no such network',
  ]);
});
