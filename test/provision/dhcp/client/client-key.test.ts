import { expect, test } from 'vitest';
import { DhcpRig, hex, mac } from '../dhcp-rig.ts';

/** The addresses that two cards lease, one after the other, with the same client identifier. */
function addresses(clientId: string): Set<string> {
  const rig = new DhcpRig({ policy: { identity: 'clientId' } });
  return new Set([1, 2].map((card) => rig.lease(mac(`52:54:00:00:00:0${card}`), { 61: clientId })));
}

const AMI = '00020003000400050006000700080009';

test.each([
  ['with an empty UUID', `00${'00'.repeat(16)}`],
  ['with the UUID of AMI boards', `00${AMI}`],
  ['with the UUID of Dell boards without a service tag', '0044454c4c00001020802080c04f202020'],
  ['with a DUID of the UUID of AMI boards', `ff000000010004${AMI}`],
])('a client identifier %s, which many boards send, does not tell clients apart', (_what, clientId) => {
  expect(addresses(clientId).size).toBe(2);
});

test.each([
  ['of a text', `00${hex('node-1')}`],
  ['with a UUID', `00${'1a2b3c4d5e6f7081'.repeat(2)}`],
  ['with a DUID', 'ff00000001000100012a2b2c2d525400000009'],
  ['with a DUID of a UUID', `ff000000010004${'1a2b3c4d5e6f7081'.repeat(2)}`],
  ['with the address of another card', '01525400000009'],
  ['of one byte', '00'],
  ['of zeros that is no UUID', '0000000000'],
  ['of a type of its own', `fe${AMI}`],
  ['of 255 bytes', '5a'.repeat(254) + '5b'],
])('a client identifier %s does', (_what, clientId) => {
  expect(addresses(clientId).size).toBe(1);
});
