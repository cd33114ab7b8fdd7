import { expect, test } from 'vitest';
import { clientMac, DhcpRig, hex, ip, IPXE_EFI, type RequestSpec, UEFI_PXE } from '../dhcp-rig.ts';

const CARD = clientMac(1);
const LINUX = { 60: hex('dhcpcd-10.0'), 12: hex('web1') };
const known = (rig: DhcpRig, address?: string): Record<string, string> =>
  Object.fromEntries(rig.engine.findLabels(CARD, address === undefined ? undefined : ip(address), rig.now));

test('a client that was not answered has no labels', () => {
  const rig = new DhcpRig();
  expect(known(rig)).toEqual({});
  rig.send({ type: 1, mac: CARD, giaddr: '192.0.2.1', options: UEFI_PXE });
  expect(known(rig)).toEqual({});
});

test('the labels of firmware are remembered until it sends others', () => {
  const rig = new DhcpRig();
  rig.lease(CARD, UEFI_PXE);
  expect(known(rig)).toMatchObject({ firmware: 'uefi', boot_client: 'pxe', network: 'rack' });
  rig.lease(CARD, IPXE_EFI);
  expect(known(rig)).toMatchObject({ firmware: 'uefi', boot_client: 'ipxe', user_class: 'iPXE' });
});

test('the labels of firmware are kept when the booted system sends none', () => {
  const rig = new DhcpRig();
  rig.lease(CARD, IPXE_EFI);
  rig.lease(CARD, LINUX);
  expect(known(rig)).toMatchObject({ firmware: 'uefi', boot_client: 'ipxe', hostname: 'web1' });
});

test('a client that does not boot has the labels that it sends', () => {
  const rig = new DhcpRig();
  rig.lease(CARD, LINUX);
  expect(known(rig)).toEqual({ vendor_class: 'dhcpcd-10.0', hostname: 'web1', network: 'rack' });
});

test('the labels from a relay are known even after a restart, since the lease contains them', () => {
  const relayed: RequestSpec = { giaddr: '10.20.0.9', options: { ...UEFI_PXE, 82: '0104476931300202aabb' } };
  const rig = new DhcpRig();
  const offer = rig.send({ type: 1, mac: CARD, ...relayed });
  if (offer.kind !== 'reply') throw new Error('no offer');
  rig.send({ type: 3, mac: CARD, ...relayed, requested: offer.message.yiaddr, server: '10.20.0.1' });
  const relay = { circuit_id: '47693130', remote_id: 'aabb', network: 'rack' };
  expect(known(rig, offer.message.yiaddr)).toMatchObject({ firmware: 'uefi', ...relay });

  const restarted = new DhcpRig({ leases: [...rig.stored.values()] });
  expect(known(restarted, offer.message.yiaddr)).toEqual(relay);
  // The address belongs to another card.
  expect(
    Object.fromEntries(restarted.engine.findLabels(clientMac(2), ip('10.20.0.50'), restarted.now)),
  ).toEqual({});
});

test('labels are forgotten an hour or two after the last packet or look-up', () => {
  const rig = new DhcpRig();
  rig.lease(CARD, UEFI_PXE);
  for (let hour = 0; hour < 5; hour++) {
    rig.pass(3500);
    expect(known(rig)).toMatchObject({ firmware: 'uefi' });
  }
  rig.pass(3 * 3600);
  expect(known(rig)).toEqual({});
});
