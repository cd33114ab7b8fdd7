import { expect, test } from 'vitest';
import { decodeRequest } from '../../../../src/protocol/dhcp/decode.ts';
import { encodeMessage } from '../../../../src/protocol/dhcp/encode.ts';
import { classifyClient } from '../../../../src/provision/dhcp/client/boot-client.ts';
import { addClientLabels, type ClientFacts } from '../../../../src/provision/dhcp/client/client-labels.ts';
import { DHCP_LABELS } from '../../../../src/provision/selection/labels.ts';
import { BIOS_PXE, hex, IPXE_EFI, mac, packetOf, UEFI_HTTP, UEFI_PXE } from '../dhcp-rig.ts';

type Options = Readonly<Record<number, string>>;

function labelsOf(options: Options, facts: Partial<ClientFacts> = {}, card = '020000000001') {
  const { message } = packetOf({ type: 1, mac: mac(card), options });
  const client = classifyClient(decodeRequest(encodeMessage(message).bytes));
  const labels = new Map<string, string>();
  addClientLabels(labels, { client, ...facts }, new Set(DHCP_LABELS));
  return Object.fromEntries(labels);
}

test.each<[name: string, options: Options, expected: Record<string, string>]>([
  ['a client without options', {}, {}],
  ['a telephone', { 60: hex('yealink') }, { vendor_class: 'yealink' }],
  [
    'UEFI firmware',
    UEFI_PXE,
    {
      vendor_class: 'PXEClient:Arch:00007:UNDI:003001',
      client_arch: '7',
      arch: 'x86_64',
      firmware: 'uefi',
      boot_client: 'pxe',
    },
  ],
  [
    'BIOS firmware',
    BIOS_PXE,
    {
      vendor_class: 'PXEClient:Arch:00000:UNDI:002001',
      client_arch: '0',
      arch: 'i386',
      firmware: 'bios',
      boot_client: 'pxe',
    },
  ],
  [
    'PXE firmware that sends no architecture',
    { 60: hex('PXEClient') },
    { vendor_class: 'PXEClient', firmware: 'bios', boot_client: 'pxe' },
  ],
  [
    'UEFI HTTP Boot',
    UEFI_HTTP,
    {
      vendor_class: 'HTTPClient:Arch:00016:UNDI:003000',
      client_arch: '16',
      arch: 'x86_64',
      firmware: 'uefi',
      boot_client: 'http',
    },
  ],
  [
    'iPXE on UEFI',
    IPXE_EFI,
    {
      vendor_class: 'PXEClient:Arch:00007:UNDI:003001',
      user_class: 'iPXE',
      client_arch: '7',
      arch: 'x86_64',
      firmware: 'uefi',
      boot_client: 'ipxe',
    },
  ],
  [
    'U-Boot',
    { 60: hex('U-Boot.armv8') },
    {
      vendor_class: 'U-Boot.armv8',
      client_arch: '22',
      arch: 'arm64',
      firmware: 'u-boot',
      boot_client: 'u-boot',
    },
  ],
  [
    'several user classes (RFC 3004)',
    { 77: `03${hex('lab')}05${hex('rack1')}` },
    { user_class: 'lab,rack1' },
  ],
  [
    'an unregistered architecture',
    { 60: hex('PXEClient'), 93: '1234' },
    { vendor_class: 'PXEClient', client_arch: '4660', boot_client: 'pxe' },
  ],
])('%s', (_name, options, expected) => {
  expect(labelsOf(options)).toEqual(expected);
});

test('a Raspberry Pi sends "x86 BIOS" and is recognised by its MAC address', () => {
  expect(labelsOf(BIOS_PXE, {}, 'dca632000001')).toMatchObject({ arch: 'arm64', firmware: 'raspberry-pi' });
});

test('host name, relay and network; identifiers in hex, empty and blank values omitted', () => {
  const facts = { hostName: ' web1 ', circuitId: '47693100', remoteId: 'aabb', network: 'rack1' };
  expect(labelsOf({}, facts)).toEqual({
    hostname: 'web1',
    circuit_id: '47693100',
    remote_id: 'aabb',
    network: 'rack1',
  });
  expect(labelsOf({}, { hostName: '  ' })).toEqual({});
});

test('only labels that are wanted are read', () => {
  const labels = new Map<string, string>();
  const { message } = packetOf({ type: 1, options: UEFI_PXE });
  addClientLabels(
    labels,
    { client: classifyClient(message), network: 'rack1' },
    new Set(['network', 'rack']),
  );
  expect([...labels]).toEqual([['network', 'rack1']]);
});
