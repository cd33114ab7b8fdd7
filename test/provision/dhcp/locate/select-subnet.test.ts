import { describe, expect, test } from 'vitest';
import { DhcpEngine } from '../../../../src/provision/dhcp/dhcp-engine.ts';
import type { DhcpPolicy } from '../../../../src/provision/dhcp/dhcp-policy.ts';
import { MachineIndex } from '../../../../src/provision/machines/machine-index.ts';
import {
  defineSubnet,
  type Subnet,
  type SubnetSettings,
} from '../../../../src/provision/dhcp/subnets/subnet.ts';
import {
  cidr,
  clientMac,
  DhcpRig,
  ip,
  machine,
  onWire,
  outcome,
  rackSubnet,
  type RequestSpec,
  SERVER,
  UEFI_PXE,
} from '../dhcp-rig.ts';

// The subnet of a client, and our server identifier there.

const lan = (octet: number, settings: Partial<SubnetSettings> = {}): Subnet =>
  defineSubnet({
    id: `lan${octet}`,
    cidr: cidr(`10.${octet}.0.0/24`),
    mode: 'full',
    pools: [{ first: ip(`10.${octet}.0.50`), last: ip(`10.${octet}.0.59`) }],
    ...settings,
  });

const LINK = { 82: '05040a1e0000' };
const trusting: Partial<DhcpPolicy> = { trustLinkSelection: true, trustSubnetSelection: true };

test.each<[name: string, packet: RequestSpec, outcome: string, policy?: Partial<DhcpPolicy>]>([
  ['the interface', { type: 1 }, 'DHCPOFFER 10.20.0.50'],
  [
    'another interface',
    { type: 1, localAddress: ip('10.30.0.1'), interface: 'eth1' },
    'DHCPOFFER 10.30.0.50',
  ],
  [
    'the interface, asked at an address of another one',
    { type: 1, localAddress: ip('10.30.0.1'), linkAddress: SERVER },
    'DHCPOFFER 10.20.0.50',
  ],
  [
    'the interface, asked at an address of no subnet',
    { type: 1, localAddress: ip('10.99.0.1'), linkAddress: SERVER },
    'DHCPOFFER 10.20.0.50',
  ],
  [
    'the relay, asked at an address of no subnet',
    { type: 1, giaddr: '10.30.0.2', localAddress: ip('10.99.0.1'), linkAddress: SERVER },
    'DHCPOFFER 10.30.0.50',
  ],
  ['an interface of no subnet', { type: 1, localAddress: ip('10.40.0.1') }, 'no_subnet'],
  ['the relay', { type: 1, giaddr: '10.30.0.2' }, 'DHCPOFFER 10.30.0.50'],
  ['a relay outside of its subnet', { type: 1, giaddr: '172.16.0.9' }, 'DHCPOFFER 10.30.0.50'],
  ['the client itself', { type: 8, ciaddr: '10.30.0.7' }, 'DHCPACK 0.0.0.0'],
  ['link selection, untrusted', { type: 1, giaddr: '10.20.0.2', options: LINK }, 'DHCPOFFER 10.20.0.50'],
  ['link selection', { type: 1, giaddr: '10.20.0.2', options: LINK }, 'DHCPOFFER 10.30.0.50', trusting],
  [
    'link selection of no subnet',
    { type: 1, giaddr: '10.20.0.2', options: { 82: '05040a630000' } },
    'no_subnet',
    trusting,
  ],
  ['subnet selection, untrusted', { type: 1, options: { 118: '0a1e0000' } }, 'DHCPOFFER 10.20.0.50'],
  ['subnet selection', { type: 1, options: { 118: '0a1e0000' } }, 'DHCPOFFER 10.30.0.50', trusting],
  [
    'link selection before subnet selection',
    { type: 1, giaddr: '10.20.0.2', options: { ...LINK, 118: '0a140000' } },
    'DHCPOFFER 10.30.0.50',
    trusting,
  ],
  ['an undeclared relay', { type: 1, giaddr: '192.168.1.1' }, 'untrusted_relay'],
  [
    'an undeclared relay with link selection',
    { type: 1, giaddr: '192.168.1.1', options: LINK },
    'untrusted_relay',
    trusting,
  ],
  ['our own address, as from railhead doctor', { type: 1, giaddr: SERVER }, 'own_probe'],
  ['loopback', { type: 1, giaddr: '127.0.0.1' }, 'untrusted_relay'],
  ['broadcast', { type: 1, giaddr: '255.255.255.255' }, 'untrusted_relay'],
  ['multicast', { type: 1, giaddr: '224.0.0.1' }, 'untrusted_relay'],
  ["a subnet's broadcast address", { type: 1, giaddr: '10.20.0.255' }, 'untrusted_relay'],
  [
    "a subnet's network address, which a real relay has",
    { type: 1, giaddr: '10.20.0.0' },
    'DHCPOFFER 10.20.0.50',
  ],
  ['only ciaddr', { type: 1, ciaddr: '10.30.0.7', source: '0.0.0.0' }, 'DHCPOFFER 10.20.0.50'],
  [
    'only ciaddr, of another subnet, when it accepts an offer',
    { type: 3, ciaddr: '10.30.0.7', source: '0.0.0.0', requested: '10.30.0.55', server: SERVER },
    'DHCPNAK 0.0.0.0',
  ],
  [
    'only ciaddr, of another subnet, when it rebinds',
    { type: 3, ciaddr: '10.30.0.50', source: '0.0.0.0' },
    'DHCPNAK 0.0.0.0',
  ],
  [
    'its own address on port 4011, without anything else',
    {
      type: 3,
      port: 4011,
      localAddress: ip('10.40.0.1'),
      source: '10.30.0.50',
      sourcePort: 4011,
      options: UEFI_PXE,
    },
    'DHCPACK 0.0.0.0',
  ],
  ['this network', { type: 1, giaddr: '0.0.0.1' }, 'untrusted_relay'],
  [
    'a switch that sends from another address',
    { type: 1, giaddr: '10.30.0.2', source: '10.99.0.1' },
    'DHCPOFFER 10.30.0.50',
  ],
  [
    'a switch that sends from another address, strictly',
    { type: 1, giaddr: '10.30.0.2', source: '10.99.0.1' },
    'untrusted_relay',
    { strictRelaySource: true },
  ],
  [
    'strictly, from its own address',
    { type: 1, giaddr: '10.30.0.2' },
    'DHCPOFFER 10.30.0.50',
    { strictRelaySource: true },
  ],
  [
    'strictly, from a trusted one',
    { type: 1, giaddr: '10.30.0.2', source: '10.99.0.1' },
    'DHCPOFFER 10.30.0.50',
    { strictRelaySource: true, trustedRelays: [ip('10.99.0.1')] },
  ],
  ['option 82 without a relay', { type: 1, options: { 82: '0101aa' } }, 'relay_information_without_relay'],
  [
    'option 82 without a relay, trusted',
    { type: 1, options: { 82: '0101aa' } },
    'DHCPOFFER 10.20.0.50',
    { trustOption82WithoutGiaddr: true },
  ],
  [
    'option 82 of more than 255 bytes',
    { type: 1, giaddr: '10.20.0.253', options: { 82: `01fe${'ab'.repeat(254)}` } },
    'relay_information_too_long',
  ],
])('by %s', (_name, packet, expected, policy) => {
  const rig = new DhcpRig({
    subnets: [lan(20), lan(30, { relays: [ip('172.16.0.9')] })],
    ...(policy !== undefined && { policy }),
  });
  expect(outcome(rig.send(packet))).toBe(expected);
});

test.each<[name: string, value: string]>([
  ['255 bytes', `01fd${'ab'.repeat(253)}`],
  ['a sub-option past its end', '0110aa'],
  ['unknown sub-options', '970102 fe00'],
])('option 82 is echoed unchanged and last: %s', (_name, value) => {
  const { options } = onWire(new DhcpRig().send({ type: 1, giaddr: '10.20.0.253', options: { 82: value } }));
  expect(Buffer.from(options.get(82)!).toString('hex')).toBe(value.replace(/ /g, ''));
  expect([...options.keys()].at(-1)).toBe(82);
});

describe('the server identifier', () => {
  const identifier = (rig: DhcpRig, packet: RequestSpec): string =>
    Buffer.from(onWire(rig.send(packet)).options.get(54)!).toString('hex');

  test('is the address to which the request was sent', () => {
    expect(identifier(new DhcpRig(), { type: 1, localAddress: ip('10.20.0.4') })).toBe('0a140004');
  });
  test("is the one in the subnet's settings", () => {
    const rig = new DhcpRig({ subnets: [rackSubnet({ serverAddress: ip('10.20.0.5') })] });
    expect(identifier(rig, { type: 1 })).toBe('0a140005');
  });
  test('is the one that a trusted relay sends, and is accepted as ours when the client repeats it, RFC 5107', () => {
    const rig = new DhcpRig({ policy: trusting });
    const relayed = { giaddr: '10.20.0.253', options: { 82: '0b040a1400fd' } };
    expect(identifier(rig, { type: 1, ...relayed })).toBe('0a1400fd');
    expect(outcome(rig.send({ type: 3, requested: '10.20.0.50', server: '10.20.0.253', ...relayed }))).toBe(
      'DHCPACK 10.20.0.50',
    );
    expect(identifier(new DhcpRig(), { type: 1, ...relayed })).toBe('0a140001');
  });
  test('is not used in boot URLs: files are on this server, whatever identifier the relay sends', () => {
    const rig = new DhcpRig({ policy: trusting });
    const relayed = { giaddr: '10.20.0.253', options: { ...UEFI_PXE, 82: '0b040a1400fd' } };
    const offer = onWire(rig.send({ type: 1, ...relayed }));
    expect([offer.siaddr, offer.sname]).toEqual([SERVER, SERVER]);
    expect(Buffer.from(offer.options.get(66)!).toString()).toBe(SERVER);
  });
});

test.each<[name: string, policy: Partial<DhcpPolicy>, echoed: string | undefined]>([
  ['believed', trusting, '0a1e0000'],
  ['not trusted', {}, undefined],
])('RFC 3011: option 118 is echoed where it is %s', (_name, policy, echoed) => {
  const rig = new DhcpRig({ subnets: [lan(20), lan(30)], policy });
  const option = onWire(rig.send({ type: 1, options: { 118: '0a1e0000' } })).options.get(118);
  expect(option && Buffer.from(option).toString('hex')).toBe(echoed);
});

describe('several subnets on one link', () => {
  const shared = { sharedNetwork: 'floor' };
  const one = (octet: number): Partial<SubnetSettings> => ({
    ...shared,
    pools: [{ first: ip(`10.${octet}.0.50`), last: ip(`10.${octet}.0.50`) }],
  });

  test('are filled in order, and each client gets the settings of its own', () => {
    const rig = new DhcpRig({
      subnets: [
        lan(20, { ...one(20), routers: [ip('10.20.0.254')] }),
        lan(30, { ...one(30), routers: [ip('10.30.0.254')] }),
      ],
    });
    expect(rig.lease(clientMac(1))).toBe('10.20.0.50');
    const offer = onWire(rig.send({ type: 1, mac: clientMac(2) }));
    expect(offer.yiaddr).toBe('10.30.0.50');
    expect(Buffer.from(offer.options.get(3)!).toString('hex')).toBe('0a1e00fe');
    expect(rig.lease(clientMac(2))).toBe('10.30.0.50');
    expect(rig.lease(clientMac(3))).toBe('pool_exhausted');
    expect(rig.lease(clientMac(2))).toBe('10.30.0.50');
  });

  test('a reservation in any of them comes first', () => {
    const rig = new DhcpRig({
      subnets: [lan(20, shared), lan(30, shared)],
      machines: [machine({ id: 'n', macs: [clientMac(1)], address: ip('10.30.0.9') })],
    });
    expect(rig.lease(clientMac(1))).toBe('10.30.0.9');
  });

  test('a client keeps its lease, although it earlier had one in a subnet that comes first', () => {
    const rig = new DhcpRig({ subnets: [lan(20, one(20)), lan(30, one(30))] });
    const [a, b] = [clientMac(1), clientMac(2)];
    expect(rig.lease(a)).toBe('10.20.0.50');
    rig.pass(3601);
    expect(outcome(rig.send({ type: 1, mac: b }))).toBe('DHCPOFFER 10.20.0.50');
    expect(rig.lease(a)).toBe('10.30.0.50');
    rig.pass(61);
    expect(outcome(rig.send({ type: 3, mac: a, requested: '10.30.0.50' }))).toBe('DHCPACK 10.30.0.50');
    expect(rig.lease(a)).toBe('10.30.0.50');
  });

  test('a client that moves to its reservation in another subnet gives up its address', () => {
    const rig = new DhcpRig({ subnets: [lan(20, shared), lan(30, shared)] });
    expect(rig.lease(clientMac(1))).toBe('10.20.0.50');
    rig.machines = [machine({ id: 'n', macs: [clientMac(1)], address: ip('10.30.0.9') })];
    rig.engine.reservationsChanged();
    expect(rig.lease(clientMac(1))).toBe('10.30.0.9');
    expect([...rig.stored.keys()]).toEqual(['10.30.0.9']);
    expect(rig.lease(clientMac(2))).toBe('10.20.0.50');
  });

  test('without the name they are separate', () => {
    const rig = new DhcpRig({ subnets: [lan(20, { ...one(20), sharedNetwork: 'a' }), lan(30, one(30))] });
    rig.lease(clientMac(1));
    expect(rig.lease(clientMac(2))).toBe('pool_exhausted');
  });
});

describe('subnets with contradictory settings', () => {
  const make = (...subnets: Subnet[]): DhcpEngine =>
    new DhcpEngine({ subnets, reservations: new MachineIndex([]), findBootPlan: () => ({}) });

  test.each<[name: string, subnets: Subnet[], message: string]>([
    [
      'overlap',
      [lan(20), defineSubnet({ id: 'wide', cidr: cidr('10.0.0.0/8'), mode: 'proxy' })],
      'subnets wide (10.0.0.0/8) and lan20 (10.20.0.0/24) overlap',
    ],
    ['the same name twice', [lan(20), lan(30, { id: 'lan20' })], 'same id'],
    [
      'a pool outside its network',
      [lan(20, { pools: [{ first: ip('10.21.0.1'), last: ip('10.21.0.9') }] })],
      'the range 10.21.0.1 to 10.21.0.9 is not within 10.20.0.0/24',
    ],
    [
      'a pool that ends before it begins',
      [lan(20, { pools: [{ first: ip('10.20.0.9'), last: ip('10.20.0.1') }] })],
      'not within',
    ],
    [
      'two pools overlap',
      [
        lan(20, {
          pools: [
            { first: ip('10.20.0.9'), last: ip('10.20.0.19') },
            { first: ip('10.20.0.19'), last: ip('10.20.0.20') },
          ],
        }),
      ],
      'two pools overlap at 10.20.0.19',
    ],
  ])('%s', (_name, subnets, message) => {
    expect(() => make(...subnets)).toThrow(message);
  });
});
