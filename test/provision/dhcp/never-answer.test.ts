import { expect, test } from 'vitest';
import { MacPrefixes } from '../../../src/protocol/mac-prefixes.ts';
import {
  clientMac,
  DhcpRig,
  machine,
  mac,
  outcome,
  rackSubnet,
  type RequestSpec,
  UEFI_PXE,
} from './dhcp-rig.ts';

const NEVER = mac('001b21000001');
const policy = { neverAnswer: new MacPrefixes(['00:1b:21', clientMac(7)]) };

test.each<[name: string, spec: RequestSpec, mode: 'full' | 'proxy']>([
  ['DHCPDISCOVER', { type: 1 }, 'full'],
  ['DHCPDISCOVER of firmware', { type: 1, options: UEFI_PXE }, 'full'],
  ['DHCPREQUEST', { type: 3, requested: '10.20.0.50' }, 'full'],
  ['DHCPINFORM', { type: 8, ciaddr: '10.20.0.50' }, 'full'],
  ['BOOTP', {}, 'full'],
  ['behind a relay', { type: 1, giaddr: '10.20.0.9' }, 'full'],
  ['DHCPDISCOVER of firmware in mode proxy', { type: 1, options: UEFI_PXE }, 'proxy'],
  ['the boot server', { type: 3, port: 4011, source: '10.20.0.60', options: UEFI_PXE }, 'proxy'],
])('%s', (_name, spec, mode) => {
  const rig = new DhcpRig({ policy: { ...policy, bootp: 'dynamic' }, subnets: [rackSubnet({ mode })] });
  const decision = rig.send({ ...spec, mac: NEVER });
  expect(outcome(decision)).toBe('never_answered');
  expect(decision.events).toEqual([]);
  expect(outcome(rig.send({ ...spec, mac: clientMac(7) }))).toBe('never_answered');
  expect(outcome(rig.send({ ...spec, mac: clientMac(8) }))).not.toBe('never_answered');
});

test('a record does not help a card that is never answered', () => {
  const rig = new DhcpRig({ policy, machines: [machine({ id: 'm', macs: [NEVER] })] });
  expect(rig.lease(NEVER)).toBe('never_answered');
});
