import { expect, test } from 'vitest';
import { parseGrubConfigName } from '../../../src/provision/boot/grub-config-name.ts';

test.each([
  ['grub.cfg', { kind: 'anybody' }],
  ['/EFI/debian/grub.cfg', { kind: 'anybody' }],
  ['grub/GRUB.CFG', { kind: 'anybody' }],
  ['/grub/grub.cfg-01-52-54-00-AA-00-10', { kind: 'mac', mac: '52:54:00:aa:00:10' }],
  ['grub.cfg-0A4D0014', { kind: 'address', address: '10.77.0.20' }],
  ['grub.cfg-c0a80001', { kind: 'address', address: '192.168.0.1' }],
  [
    'grub.cfg-5a1c7f8e-0000-4000-8000-000000000003',
    { kind: 'uuid', uuid: '5a1c7f8e-0000-4000-8000-000000000003' },
  ],
  // A shortened address matches many machines, and other hardware types have no such name here.
  ['grub.cfg-0A4D001', undefined],
  ['grub.cfg-20-52-54-00-aa-00-10', undefined],
  ['grub.cfg-01-52-54-00-aa-00', undefined],
  ['grub.cfg-', undefined],
  ['mygrub.cfg', undefined],
  ['grub.cfg.bak', undefined],
  ['grub.cfg/x', undefined],
])('%s', (path, name) => {
  expect(parseGrubConfigName(path)).toEqual(name);
});
