import { expect, test } from 'vitest';
import {
  labelsFor,
  labelsFromQuery,
  normaliseLabel,
  normalisePrefix,
  withDhcpLabels,
} from '../../../src/provision/selection/labels.ts';
import { machine } from '../dhcp/dhcp-rig.ts';

const queried = (query: string) => labelsFromQuery(new URLSearchParams(query));

test.each([
  ['circuit_id', 'Gi1/0/4', '4769312f302f34'],
  ['circuit_id', '47:69:31:2F:30:2f:34', '4769312f302f34'],
  ['remote_id', 'AABB', 'aabb'],
  ['remote_id', 'abc', '616263'],
  ['client_arch', '00007', '7'],
  ['client_arch', '0', '0'],
  ['vendor_class', ' yealink ', 'yealink'],
])('the label %s with the value %s is compared as %s', (label, raw, expected) => {
  expect(normaliseLabel(label, raw)).toBe(expected);
});

test('the beginning of an identifier may be text as well', () => {
  expect(normalisePrefix('circuit_id', 'Gi1/')).toBe('4769312f');
  expect(normalisePrefix('mac', '52:54:AA')).toBe('52:54:aa');
  expect(normalisePrefix('vendor_class', 'Cisco ')).toBe('Cisco ');
});

test.each([
  ['platform=efi', 'uefi'],
  ['platform=pcbios', 'bios'],
  ['platform=pc', 'bios'],
  ['platform=xen', undefined],
  ['platform=efi&firmware=own', 'own'],
])('%s over HTTP is firmware %s', (query, expected) => {
  expect(queried(query).get('firmware')).toBe(expected);
});

test('labels from DHCP are added; those of a request override them, except for the network', () => {
  const known = new Map([
    ['vendor_class', 'dhcpcd-9'],
    ['firmware', 'uefi'],
    ['network', 'rack1'],
    ['circuit_id', 'aa'],
  ]);
  const labels = withDhcpLabels(
    queried('mac=020000000001&vendor_class=PXEClient&network=x&circuit_id=bb'),
    known,
  );
  expect(Object.fromEntries(labels)).toEqual({
    mac: '02:00:00:00:00:01',
    vendor_class: 'PXEClient',
    firmware: 'uefi',
    network: 'rack1',
    circuit_id: 'aa',
  });
});

test('a label of a record overrides one of a packet or request', () => {
  const record = machine({ id: 'm', labels: { vendor_class: 'declared', network: 'other' } });
  const labels = labelsFor(new Map([['vendor_class', 'stranger'], ['network', 'rack1']]), {
    machine: record,
    card: 'listed',
    conflicts: [],
  }); // prettier-ignore
  expect(labels.get('vendor_class')).toBe('declared');
  expect(labels.get('network')).toBe('other');
});
