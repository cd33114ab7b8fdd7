import { expect, test } from 'vitest';
import { addressesOf } from '../../../../src/provision/machines/machine.ts';
import { cidr, clientMac, DhcpRig, ip, machine, outcome, rackSubnet } from '../dhcp-rig.ts';

const CARD = clientMac(1);
const ROAMING = machine({
  id: 'laptop',
  macs: [CARD],
  address: ip('10.20.0.9'),
  furtherAddresses: [ip('10.21.0.9')],
});
const subnets = [
  rackSubnet(),
  rackSubnet({
    id: 'lab',
    cidr: cidr('10.21.0.0/24'),
    pools: [{ first: ip('10.21.0.50'), last: ip('10.21.0.59') }],
    routers: [],
    dns: [],
  }),
];
const OF_LAB = { giaddr: '10.21.0.1', mac: CARD };

test('one card has a reserved address in each network, and keeps both', () => {
  const rig = new DhcpRig({ subnets, machines: [ROAMING] });
  expect(rig.lease(CARD)).toBe('10.20.0.9');
  expect(outcome(rig.send({ type: 1, ...OF_LAB }))).toBe('DHCPOFFER 10.21.0.9');
  expect(outcome(rig.send({ type: 3, ...OF_LAB, requested: '10.21.0.9', server: '10.20.0.1' }))).toBe(
    'DHCPACK 10.21.0.9',
  );
  expect(rig.lease(CARD)).toBe('10.20.0.9');
  expect([...rig.stored.keys()].sort()).toEqual(['10.20.0.9', '10.21.0.9']);
});

test('neither is given to anybody else', () => {
  const rig = new DhcpRig({ subnets, machines: [ROAMING] });
  for (const requested of ['10.20.0.9', '10.21.0.9']) {
    const place = requested.startsWith('10.21') ? { giaddr: '10.21.0.1' } : {};
    const answer = rig.send({ type: 3, mac: clientMac(2), requested, server: '10.20.0.1', ...place });
    expect(outcome(answer)).toBe('DHCPNAK 0.0.0.0');
  }
});

test('the address of another network alone is no reservation here', () => {
  const elsewhere = machine({ id: 'm', macs: [CARD], furtherAddresses: [ip('10.21.0.9')] });
  expect(addressesOf(elsewhere)).toEqual(['10.21.0.9']);
  expect(new DhcpRig({ subnets, machines: [elsewhere] }).lease(CARD)).toBe('10.20.0.50');
});

test('on a link of several networks the first of its addresses is given', () => {
  const link = subnets.map((subnet) => ({ ...subnet, sharedNetwork: 'floor' }));
  expect(new DhcpRig({ subnets: link, machines: [ROAMING] }).lease(CARD)).toBe('10.20.0.9');
});
