import { describe, expect, test } from 'vitest';
import type { Subnet } from '../../../../src/provision/dhcp/subnets/subnet.ts';
import {
  BIOS_PXE,
  clientMac,
  DhcpRig,
  ip,
  machine,
  outcome,
  rackSubnet,
  replyOf,
  type RequestSpec,
  SERVER,
} from '../dhcp-rig.ts';

// A server that starts while its catalog cannot be read has leases and no machine records. No reservation known is not
// "no reservation": nobody loses an address to that.

/** Reserved outside of the pool, and leased before the restart. */
const RESERVED = machine({ id: 'db1', macs: [clientMac(1)], address: ip('10.20.0.10') });

/** A server that was restarted and has not read a catalog: machine 1 has its reserved address, 2 one of the pool. */
function restarted(subnet: Subnet = rackSubnet()): DhcpRig {
  const before = new DhcpRig({ subnets: [subnet], machines: [RESERVED] });
  expect(before.lease(clientMac(1))).toBe('10.20.0.10');
  if (subnet.allowUnknown === 'discover' && subnet.mode === 'full')
    expect(before.lease(clientMac(2))).toBe('10.20.0.50');
  return new DhcpRig({
    subnets: [subnet],
    machines: [RESERVED],
    leases: [...before.stored.values()],
    recordsReady: false,
  });
}

describe('a machine that has a lease keeps its address', () => {
  test.each<[name: string, packet: RequestSpec, expected: string]>([
    ['renewing', { type: 3, ciaddr: '10.20.0.10' }, 'DHCPACK 10.20.0.10'],
    ['rebinding', { type: 3, ciaddr: '10.20.0.10', source: '0.0.0.0' }, 'DHCPACK 10.20.0.10'],
    ['after its own restart', { type: 3, requested: '10.20.0.10' }, 'DHCPACK 10.20.0.10'],
    ['selecting', { type: 3, requested: '10.20.0.10', server: SERVER }, 'DHCPACK 10.20.0.10'],
    ['discovering', { type: 1 }, 'DHCPOFFER 10.20.0.10'],
    ['discovering with another wish', { type: 1, requested: '10.20.0.77' }, 'DHCPOFFER 10.20.0.10'],
    // With records this would be a DHCPNAK; without them nobody can say whose address it is.
    ['asking for another address', { type: 3, requested: '10.20.0.20' }, 'records_unknown'],
    ['prolonging what another client has', { type: 3, ciaddr: '10.20.0.50' }, 'records_unknown'],
    // Which addresses a network has does not depend on records.
    ['coming from another network', { type: 3, requested: '10.99.0.5' }, 'DHCPNAK 0.0.0.0'],
  ])('%s', (_name, packet, expected) => {
    expect(outcome(restarted().send({ mac: clientMac(1), ...packet }))).toBe(expected);
  });

  test('also where its lease is over', () => {
    const rig = restarted();
    rig.pass(86_400);
    expect(outcome(rig.send({ type: 1, mac: clientMac(1) }))).toBe('DHCPOFFER 10.20.0.10');
    expect(outcome(rig.send({ type: 3, mac: clientMac(1), requested: '10.20.0.10' }))).toBe(
      'DHCPACK 10.20.0.10',
    );
  });

  test('also where only machines with a record are served', () => {
    const rig = restarted(rackSubnet({ allowUnknown: 'ignore' }));
    expect(outcome(rig.send({ type: 3, mac: clientMac(1), ciaddr: '10.20.0.10' }))).toBe(
      'DHCPACK 10.20.0.10',
    );
    expect(outcome(rig.send({ type: 1, mac: clientMac(9) }))).toBe('denied');
  });

  test('also where another server is around, which mode auto leaves the unknown to', () => {
    const rig = restarted(rackSubnet({ mode: 'auto' }));
    rig.pass(86_400);
    expect(outcome(rig.send({ type: 1, mac: clientMac(1), options: BIOS_PXE }))).toBe('DHCPOFFER 10.20.0.10');
    const stranger = replyOf(rig.send({ type: 1, mac: clientMac(9), options: BIOS_PXE }));
    expect(stranger.message.yiaddr).toBe('0.0.0.0');
  });
});

test('a new client gets an address that nobody has a lease of', () => {
  expect(restarted().lease(clientMac(9))).toBe('10.20.0.51');
});

test('a stranger that asks for a reserved address gets no answer, and a refusal once the records are read', () => {
  const rig = restarted();
  const asks: RequestSpec = { type: 3, mac: clientMac(9), requested: '10.20.0.10' };
  expect(outcome(rig.send(asks))).toBe('records_unknown');
  rig.recordsReady = true;
  expect(outcome(rig.send(asks))).toBe('DHCPNAK 0.0.0.0');
});

test('once records are read, an address that is not reserved any more is given up', () => {
  const rig = restarted();
  rig.machines = [];
  rig.recordsReady = true;
  expect(outcome(rig.send({ type: 1, mac: clientMac(1) }))).toBe('DHCPOFFER 10.20.0.51');
});
