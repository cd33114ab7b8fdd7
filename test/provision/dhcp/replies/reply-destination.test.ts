import { expect, test } from 'vitest';
import {
  clientMac,
  DhcpRig,
  machine,
  rackSubnet,
  replyOf,
  type RequestSpec,
  type RigOptions,
  SERVER,
  UEFI_PXE,
} from '../dhcp-rig.ts';

// The destination and flags of replies, by the fields of the request.

const proxy: RigOptions = { subnets: [rackSubnet({ mode: 'proxy', pools: [] })] };
const leased = (rig: DhcpRig): void => void rig.lease(clientMac(1));

test.each<
  [
    name: string,
    packet: RequestSpec,
    destination: string,
    flags: number,
    rig?: RigOptions | undefined,
    before?: (rig: DhcpRig) => void,
  ]
>([
  ['relayed offer', { type: 1, giaddr: '10.20.0.253' }, '10.20.0.253:67', 0],
  [
    'relayed offer, broadcast flag',
    { type: 1, giaddr: '10.20.0.253', flags: 0x8000 },
    '10.20.0.253:67',
    0x8000,
  ],
  [
    'relay that listens on its source port, RFC 8357',
    { type: 1, giaddr: '10.20.0.253', sourcePort: 4567, options: { 82: '1300' } },
    '10.20.0.253:4567',
    0,
  ],
  [
    'relay on another port without the sub-option of RFC 8357',
    { type: 1, giaddr: '10.20.0.253', sourcePort: 4567 },
    '10.20.0.253:67',
    0,
  ],
  [
    'relayed DHCPNAK: the relay must broadcast',
    { type: 3, giaddr: '10.20.0.253', requested: '10.99.0.1' },
    '10.20.0.253:67',
    0x8000,
  ],
  [
    'relayed renewal',
    { type: 3, giaddr: '10.20.0.253', ciaddr: '10.20.0.50' },
    '10.20.0.253:67',
    0,
    undefined,
    leased,
  ],
  [
    'relayed offer of the proxy',
    { type: 1, giaddr: '10.20.0.253', options: UEFI_PXE },
    '10.20.0.253:67',
    0,
    proxy,
  ],
  ['DHCPNAK', { type: 3, requested: '10.99.0.1' }, '255.255.255.255:68', 0],
  [
    'DHCPNAK to a renewal',
    { type: 3, ciaddr: '10.20.0.50' },
    '255.255.255.255:68',
    0,
    { machines: [machine({ id: 'n2', address: '10.20.0.50' as never })] },
  ],
  ['renewal', { type: 3, ciaddr: '10.20.0.50' }, '10.20.0.50:68', 0, undefined, leased],
  [
    'renewal, broadcast flag',
    { type: 3, ciaddr: '10.20.0.50', flags: 0x8000 },
    '10.20.0.50:68',
    0x8000,
    undefined,
    leased,
  ],
  [
    'rebinding without a source address: by broadcast',
    { type: 3, ciaddr: '10.20.0.50', source: '0.0.0.0' },
    '255.255.255.255:68',
    0,
    undefined,
    leased,
  ],
  ['relayed DHCPINFORM without an address', { type: 8, giaddr: '10.20.0.253' }, '10.20.0.253:67', 0],
  ['DHCPINFORM', { type: 8, ciaddr: '10.20.0.10' }, '10.20.0.10:68', 0],
  [
    'port 4011: to the source address',
    { type: 3, ciaddr: '10.20.0.50', port: 4011, sourcePort: 4011, options: UEFI_PXE },
    '10.20.0.50:4011',
    0,
  ],
  [
    'port 4011 from another source port',
    { type: 3, ciaddr: '10.20.0.50', port: 4011, sourcePort: 1068, options: UEFI_PXE },
    '10.20.0.50:1068',
    0,
  ],
  ['offer, broadcast flag', { type: 1, flags: 0x8000 }, '255.255.255.255:68', 0x8000],
  ['offer without the flag: broadcast all the same, flags as received', { type: 1 }, '255.255.255.255:68', 0],
  ['acknowledgement', { type: 3, requested: '10.20.0.50', server: SERVER }, '255.255.255.255:68', 0],
  ['offer of the proxy', { type: 1, options: UEFI_PXE }, '255.255.255.255:68', 0, proxy],
])('%s', (_name, packet, destination, flags, options, before) => {
  const rig = new DhcpRig(options);
  before?.(rig);
  const reply = replyOf(rig.send(packet));
  expect(`${reply.destination.address}:${reply.destination.port}`).toBe(destination);
  expect(reply.message.flags).toBe(flags);
  expect(reply.message.giaddr).toBe(packet.giaddr ?? '0.0.0.0');
  expect(reply.destination.from).toEqual({
    interface: 'eth0',
    localAddress: SERVER,
    port: packet.port ?? 67,
  });
});
