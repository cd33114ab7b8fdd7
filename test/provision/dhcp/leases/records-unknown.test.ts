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

// A server that starts while its catalog cannot be read has leases and no machine records. That does not mean that
// nothing is reserved, so no machine may lose its address.

/** Reserved outside of the pool, and leased before the restart. */
const RESERVED = machine({ id: 'db1', macs: [clientMac(1)], address: ip('10.20.0.10') });

/**
 * A server that was restarted and has not read a catalog: machine 1 has its reserved address, machine 2 one from the
 * pool.
 */
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
    ['that restarted', { type: 3, requested: '10.20.0.10' }, 'DHCPACK 10.20.0.10'],
    ['selecting', { type: 3, requested: '10.20.0.10', server: SERVER }, 'DHCPACK 10.20.0.10'],
    ['discovering', { type: 1 }, 'DHCPOFFER 10.20.0.10'],
    [
      'that requests another address in its DHCPDISCOVER',
      { type: 1, requested: '10.20.0.77' },
      'DHCPOFFER 10.20.0.10',
    ],
    // With records this would be a DHCPNAK; without them it is unknown whose address it is.
    [
      'that requests another address in its DHCPREQUEST',
      { type: 3, requested: '10.20.0.20' },
      'records_unknown',
    ],
    ['that renews the address of another client', { type: 3, ciaddr: '10.20.0.50' }, 'records_unknown'],
    // The networks do not depend on records.
    ['that comes from another network', { type: 3, requested: '10.99.0.5' }, 'DHCPNAK 0.0.0.0'],
  ])('%s', (_name, packet, expected) => {
    expect(outcome(restarted().send({ mac: clientMac(1), ...packet }))).toBe(expected);
  });

  test('even if its lease has expired', () => {
    const rig = restarted();
    rig.pass(86_400);
    expect(outcome(rig.send({ type: 1, mac: clientMac(1) }))).toBe('DHCPOFFER 10.20.0.10');
    expect(outcome(rig.send({ type: 3, mac: clientMac(1), requested: '10.20.0.10' }))).toBe(
      'DHCPACK 10.20.0.10',
    );
  });

  test('even if only machines with a record are served', () => {
    const rig = restarted(rackSubnet({ allowUnknown: 'ignore' }));
    expect(outcome(rig.send({ type: 3, mac: clientMac(1), ciaddr: '10.20.0.10' }))).toBe(
      'DHCPACK 10.20.0.10',
    );
    expect(outcome(rig.send({ type: 1, mac: clientMac(9) }))).toBe('denied');
  });

  test('even beside another server, to which mode auto leaves unknown clients', () => {
    const rig = restarted(rackSubnet({ mode: 'auto' }));
    rig.pass(86_400);
    expect(outcome(rig.send({ type: 1, mac: clientMac(1), options: BIOS_PXE }))).toBe('DHCPOFFER 10.20.0.10');
    const stranger = replyOf(rig.send({ type: 1, mac: clientMac(9), options: BIOS_PXE }));
    expect(stranger.message.yiaddr).toBe('0.0.0.0');
  });
});

test('a new client gets an address without a lease', () => {
  expect(restarted().lease(clientMac(9))).toBe('10.20.0.51');
});

test('an unknown client that requests a reserved address gets no answer, and a DHCPNAK once the records are read', () => {
  const rig = restarted();
  const asks: RequestSpec = { type: 3, mac: clientMac(9), requested: '10.20.0.10' };
  expect(outcome(rig.send(asks))).toBe('records_unknown');
  rig.recordsReady = true;
  expect(outcome(rig.send(asks))).toBe('DHCPNAK 0.0.0.0');
});

test('once records are read, an address that is no longer reserved is released', () => {
  const rig = restarted();
  rig.machines = [];
  rig.recordsReady = true;
  expect(outcome(rig.send({ type: 1, mac: clientMac(1) }))).toBe('DHCPOFFER 10.20.0.51');
});
