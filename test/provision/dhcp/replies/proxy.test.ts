import { describe, expect, test } from 'vitest';
import { encodeMessage } from '../../../../src/protocol/dhcp/encode.ts';
import { readText } from '../../../../src/protocol/dhcp/read-option.ts';
import type { AutoFacts } from '../../../../src/provision/dhcp/decide-mode.ts';
import { decideMode } from '../../../../src/provision/dhcp/decide-mode.ts';
import type { SubnetSettings } from '../../../../src/provision/dhcp/subnets/subnet.ts';
import {
  BIOS_PXE,
  clientMac,
  DhcpRig,
  hex,
  IPXE_EFI,
  ip,
  mac,
  machine,
  onWire,
  outcome,
  packetOf,
  rackSubnet,
  replyOf,
  type RequestSpec,
  SERVER,
  UEFI_HTTP,
  UEFI_PXE,
} from '../dhcp-rig.ts';

// The proxy, beside another DHCP server.

const OTHER_SERVER = '10.20.0.9';
const proxy = (settings: Partial<SubnetSettings> = {}): DhcpRig =>
  new DhcpRig({ subnets: [rackSubnet({ mode: 'proxy', pools: [], ...settings })] });
const on4011 = (spec: RequestSpec = {}): RequestSpec => ({
  type: 3,
  port: 4011,
  ciaddr: '10.20.0.50',
  sourcePort: 4011,
  options: UEFI_PXE,
  ...spec,
});

describe('port 67', () => {
  test.each<[name: string, packet: RequestSpec, expected: string, settings?: Partial<SubnetSettings>]>([
    ['DISCOVER of a boot client', { type: 1, options: UEFI_PXE }, 'DHCPOFFER 0.0.0.0'],
    [
      'DISCOVER with the architecture in the class only',
      { type: 1, options: { 60: hex('PXEClient:Arch:00007:UNDI:003000') } },
      'DHCPOFFER 0.0.0.0',
    ],
    [
      'DISCOVER without any architecture',
      { type: 1, options: { 60: hex('PXEClient') } },
      'not_a_boot_client',
    ],
    ['DISCOVER of another client', { type: 1 }, 'not_a_boot_client'],
    ['INFORM', { type: 8, ciaddr: '10.20.0.50', options: UEFI_PXE }, 'message_type'],
    [
      'REQUEST to the other server',
      { type: 3, server: OTHER_SERVER, requested: '10.20.0.50', options: UEFI_PXE },
      'other_server',
    ],
    [
      'REQUEST to us',
      { type: 3, server: SERVER, requested: '10.20.0.50', options: UEFI_PXE },
      'DHCPACK 0.0.0.0',
    ],
    ['REQUEST without a server', { type: 3, requested: '10.20.0.50', options: UEFI_PXE }, 'other_server'],
    [
      'an old Intel ROM, switch off',
      { type: 3, server: OTHER_SERVER, requested: '10.20.0.50', options: BIOS_PXE },
      'other_server',
    ],
    [
      'an old Intel ROM, switch on',
      { type: 3, server: OTHER_SERVER, requested: '10.20.0.50', options: BIOS_PXE },
      'DHCPACK 0.0.0.0',
      { intelReplyRequest: true },
    ],
    [
      'UEFI, switch on',
      { type: 3, server: OTHER_SERVER, requested: '10.20.0.50', options: UEFI_PXE },
      'other_server',
      { intelReplyRequest: true },
    ],
    [
      'RELEASE to the other server',
      { type: 7, server: OTHER_SERVER, ciaddr: '10.20.0.50', options: UEFI_PXE },
      'message_type',
    ],
    ['unknown machines are not served', { type: 1, options: UEFI_PXE }, 'denied', { allowUnknown: 'ignore' }],
  ])('%s', (_name, packet, expected, settings) => {
    expect(outcome(proxy(settings).send(packet))).toBe(expected);
  });

  const siaddr = SERVER;
  test.each<
    [
      name: string,
      options: Record<number, string>,
      codes: number[],
      fields: object,
      settings?: Partial<SubnetSettings>,
    ]
  >([
    [
      'BIOS: with option 43, so that it boots at once',
      BIOS_PXE,
      [53, 54, 60, 43, 66, 67],
      { siaddr, sname: SERVER, file: 'snponly.efi' },
    ],
    [
      'UEFI: without option 43, so that old firmware accepts it',
      UEFI_PXE,
      [53, 54, 60, 66, 67],
      { siaddr, sname: SERVER, file: 'snponly.efi' },
    ],
    [
      'UEFI, discovery8',
      UEFI_PXE,
      [53, 54, 60, 43, 66, 67],
      { siaddr, file: 'snponly.efi' },
      { uefiProxyStyle: 'discovery8' },
    ],
    ['iPXE', IPXE_EFI, [53, 54, 60, 66, 67], { siaddr, file: 'http://10.20.0.1:8080/boot.ipxe' }],
    ['UEFI HTTP Boot', UEFI_HTTP, [53, 54, 60, 67], { file: 'http://10.20.0.1:8080/boot/snponly.efi' }],
  ])('%s', (_name, options, codes, fields, settings) => {
    const message = onWire(proxy(settings).send({ type: 1, options }));
    expect([...message.options.keys()]).toEqual(codes);
    expect(message).toMatchObject({ ciaddr: '0.0.0.0', yiaddr: '0.0.0.0', ...fields });
    expect(readText(message.options, 60)).toBe(options === UEFI_HTTP ? 'HTTPClient' : 'PXEClient');
  });

  test('a Raspberry Pi gets its menu here too', () => {
    const spec = { type: 1, mac: mac('dc:a6:32:00:00:01'), options: BIOS_PXE };
    expect([...onWire(proxy().send(spec)).options.keys()]).toEqual([53, 54, 60, 43, 66]);
  });

  const taken = { type: 3, server: OTHER_SERVER, requested: '10.20.0.50', giaddr: '10.20.0.254' };
  test.each<[name: string, packet: RequestSpec, known: boolean]>([
    ['a request to the other server', taken, true],
    ['a request on port 4011', on4011(), true],
    ['a request to us', { ...taken, server: SERVER }, false],
    ['a discover', { ...taken, type: 1 }, false],
    ['an address outside our networks', { ...taken, requested: '10.99.0.50' }, false],
    ['a card that is not Ethernet', { ...taken, htype: 32, options: { 61: 'ff01020304' } }, false],
    ['an address other than the source address', on4011({ source: '10.20.0.51' }), false],
  ])('the holder of an address, known from %s', (_name, packet, known) => {
    const rig = proxy();
    rig.send({ mac: clientMac(7), ...packet });
    expect(rig.engine.findForeignMac(ip('10.20.0.50'))).toBe(known ? clientMac(7) : undefined);
    expect(rig.engine.findForeignMac(ip('10.99.0.50'))).toBeUndefined();
  });

  test("an address that another client gets is remembered as that client's", () => {
    const rig = proxy();
    for (const client of [1, 2]) rig.send({ ...taken, mac: clientMac(client) });
    expect(rig.engine.findForeignMac(ip('10.20.0.50'))).toBe(clientMac(2));
  });

  test('nothing is leased', () => {
    const rig = proxy();
    expect(replyOf(rig.send({ type: 1, options: UEFI_PXE })).changes).toEqual([]);
    expect([...rig.engine.listLeases(rig.now)]).toEqual([]);
  });
});

describe('port 4011', () => {
  test.each<[name: string, packet: RequestSpec, expected: string]>([
    ['REQUEST', on4011(), 'DHCPACK 0.0.0.0'],
    ['INFORM', on4011({ type: 8 }), 'DHCPACK 0.0.0.0'],
    ['DISCOVER', on4011({ type: 1 }), 'message_type'],
    ['without option 60', on4011({ options: { 93: '0007' } }), 'not_a_boot_client'],
    ['without an architecture', on4011({ options: { 60: hex('PXEClient') } }), 'not_a_boot_client'],
    [
      'without ciaddr: the answer goes to the source',
      on4011({ ciaddr: '0.0.0.0', source: '10.20.0.50' }),
      'DHCPACK 0.0.0.0',
    ],
    ['without any address', on4011({ ciaddr: '0.0.0.0', source: '0.0.0.0' }), 'no_subnet'],
    [
      'from a network that is not served',
      on4011({ ciaddr: '192.168.1.5', source: '192.168.1.5' }),
      'no_subnet',
    ],
    ['ciaddr of another', on4011({ source: '10.20.0.51' }), 'spoofed_source'],
    ['BOOTP', { port: 4011, ciaddr: '10.20.0.50', options: UEFI_PXE }, 'message_type'],
  ])('%s', (_name, packet, expected) => {
    expect(outcome(proxy().send(packet))).toBe(expected);
  });

  test('is also answered where we lease', () => {
    expect(outcome(new DhcpRig().send(on4011()))).toBe('DHCPACK 0.0.0.0');
  });

  test('a boot item is confirmed as selected', () => {
    const message = onWire(proxy().send(on4011({ options: { ...UEFI_PXE, 43: '470480010000ff' } })));
    expect(message).toMatchObject({ ciaddr: '10.20.0.50', yiaddr: '10.20.0.50' });
    expect(Buffer.from(message.options.get(43)!).toString('hex')).toBe('470480010000ff');
  });

  test('the answer is at most half as long again as the request', () => {
    const plan = { boot: { bootProgram: 'x'.repeat(200), scriptUrl: 'http://10.20.0.1/' } };
    const rig = new DhcpRig({ subnets: [rackSubnet({ mode: 'proxy', pools: [] })], plan });
    const decision = replyOf(rig.engine.handle({ ...packetOf(on4011()), size: 250 }, rig.now));
    expect(encodeMessage(decision.message, decision.limits).bytes.length).toBeLessThanOrEqual(375);
  });
});

describe('mode auto', () => {
  const facts = (of: Partial<AutoFacts>): AutoFacts => ({
    reserved: false,
    leased: false,
    foreignServer: false,
    bootClient: false,
    ...of,
  });
  test.each<[name: string, facts: Partial<AutoFacts>, mode: string, settings?: Partial<SubnetSettings>]>([
    ['a machine with a reservation is leased to', { reserved: true, foreignServer: true }, 'full'],
    ['a client with a lease of ours is leased to', { leased: true, foreignServer: true }, 'full'],
    [
      'a boot client beside another server',
      { bootClient: true, foreignServer: true },
      'proxy',
      { allowAutoFull: true },
    ],
    [
      'a boot client, no other server, leasing allowed',
      { bootClient: true },
      'full',
      { allowAutoFull: true },
    ],
    ['a boot client, no other server, leasing not allowed', { bootClient: true }, 'proxy'],
    [
      'a boot client, leasing allowed, no pool',
      { bootClient: true },
      'proxy',
      { allowAutoFull: true, pools: [] },
    ],
    ['another client, leasing allowed', {}, 'full', { allowAutoFull: true }],
    ['another client beside another server', { foreignServer: true }, 'none', { allowAutoFull: true }],
    ['another client', {}, 'none'],
  ])('%s', (_name, of, mode, settings) => {
    expect(decideMode(rackSubnet({ mode: 'auto', ...settings }), facts(of))).toBe(mode);
  });

  test('a handshake keeps its mode although another server appears meanwhile', () => {
    const rig = new DhcpRig({ subnets: [rackSubnet({ mode: 'auto', allowAutoFull: true })] });
    const me = { mac: clientMac(1), xid: 1, options: UEFI_PXE };
    expect(outcome(rig.send({ type: 1, ...me }))).toBe('DHCPOFFER 10.20.0.50');
    rig.send({ type: 3, mac: clientMac(2), server: OTHER_SERVER, requested: '10.20.0.99' });
    expect(outcome(rig.send({ type: 1, mac: clientMac(3), options: UEFI_PXE }))).toBe('DHCPOFFER 0.0.0.0');
    expect(outcome(rig.send({ type: 1, ...me }))).toBe('DHCPOFFER 10.20.0.50');
    expect(outcome(rig.send({ type: 3, ...me, server: SERVER, requested: '10.20.0.50' }))).toBe(
      'DHCPACK 10.20.0.50',
    );
    // A new handshake finds its lease, and so does the renewal.
    expect(outcome(rig.send({ type: 1, ...me, xid: 2 }))).toBe('DHCPOFFER 10.20.0.50');
    expect(outcome(rig.send({ type: 3, mac: clientMac(1), ciaddr: '10.20.0.50' }))).toBe(
      'DHCPACK 10.20.0.50',
    );
  });

  test('a machine with a reservation is leased its address, others get only boot options', () => {
    const rig = new DhcpRig({
      subnets: [rackSubnet({ mode: 'auto' })],
      machines: [machine({ id: 'n1', macs: [clientMac(1)], address: ip('10.20.0.10') })],
    });
    expect(outcome(rig.send({ type: 1, mac: clientMac(1) }))).toBe('DHCPOFFER 10.20.0.10');
    expect(outcome(rig.send({ type: 1, mac: clientMac(2), options: UEFI_PXE }))).toBe('DHCPOFFER 0.0.0.0');
    expect(outcome(rig.send({ type: 1, mac: clientMac(3) }))).toBe('not_served');
  });

  test('a machine with a reservation is leased to even while another client has its address', () => {
    const rig = new DhcpRig({
      subnets: [rackSubnet({ mode: 'auto' })],
      policy: { conflictDetection: 'not-pxe' },
      machines: [machine({ id: 'n1', macs: [clientMac(1), clientMac(2)], address: ip('10.20.0.10') })],
    });
    expect(rig.lease(clientMac(1))).toBe('10.20.0.10');
    rig.send({ type: 1, mac: clientMac(2) });
    rig.engine.markInUse(ip('10.20.0.10'), clientMac(1), rig.now);
    expect(rig.lease(clientMac(2))).toBe('10.20.0.50');
  });

  test('clients without a hardware address that use the same transaction id are kept apart', () => {
    const identifier = 'ff00000001';
    const rig = new DhcpRig({
      subnets: [rackSubnet({ mode: 'auto' })],
      machines: [machine({ id: 'n1', clientIds: [identifier], address: ip('10.20.0.10') })],
    });
    expect(outcome(rig.send({ type: 1, htype: 32, options: { 61: 'ff00000002' } }))).toBe('not_served');
    expect(outcome(rig.send({ type: 1, htype: 32, options: { 61: identifier } }))).toBe(
      'DHCPOFFER 10.20.0.10',
    );
  });
});

describe('programs that load their files from the server that leases addresses', () => {
  const hint = '(which loads its files from the server that leases addresses: boot it through iPXE instead)';
  test.each([
    ['shimx64.efi', true],
    ['debian/grubx64.efi', true],
    ['GRUBAA64.EFI', true],
    ['snponly.efi', false],
    ['grub/snponly.efi', false],
  ])('the history mentions it for %s: %s', (bootProgram, expected) => {
    const rig = new DhcpRig({
      subnets: [rackSubnet({ mode: 'proxy', pools: [] })],
      plan: { boot: { scriptUrl: 'http://10.20.0.1:8080/boot.ipxe', bootProgram } },
    });
    for (const packet of [{ type: 1, options: UEFI_PXE }, on4011()]) {
      const [event] = replyOf(rig.send(packet)).events;
      expect(event!.summary).toContain(`to boot ${bootProgram}${expected ? ` ${hint}` : ''}`);
      expect(event!.summary.includes(hint)).toBe(expected);
    }
  });
});

describe('other servers', () => {
  const chosen: RequestSpec = { type: 3, server: OTHER_SERVER, requested: '10.20.0.99', mac: clientMac(7) };

  test("are noticed from clients' requests to them, and recorded once", () => {
    const rig = new DhcpRig();
    expect(rig.send(chosen).events).toMatchObject([
      { kind: 'dhcp.foreign_server', summary: 'another DHCP server, 10.20.0.9, answers on subnet rack' },
    ]);
    rig.pass(60);
    expect(rig.send(chosen).events).toEqual([]);
    expect(rig.engine.foreignServers(rig.now)).toEqual([
      {
        subnetId: 'rack',
        serverAddress: OTHER_SERVER,
        firstSeenAt: rig.now.wallMs - 60_001,
        lastSeenAt: rig.now.wallMs,
      },
    ]);
    rig.pass(90_000);
    expect(rig.engine.foreignServers(rig.now)).toEqual([]);
  });

  test('are expected beside a proxy', () => {
    const rig = proxy();
    expect(rig.send(chosen).events).toEqual([]);
    expect(rig.engine.foreignServers(rig.now)).toHaveLength(1);
  });

  test('make us ignore unknown clients if the settings require it', () => {
    const rig = new DhcpRig({
      subnets: [rackSubnet({ requireSoleServer: true })],
      machines: [machine({ id: 'n1', macs: [clientMac(1)] })],
    });
    rig.lease(clientMac(3));
    rig.send(chosen);
    expect(outcome(rig.send({ type: 1, mac: clientMac(2) }))).toBe('foreign_server');
    // A client with an address of ours keeps it.
    expect(outcome(rig.send({ type: 3, mac: clientMac(3), ciaddr: '10.20.0.50' }))).toBe(
      'DHCPACK 10.20.0.50',
    );
    expect(outcome(rig.send({ type: 1, mac: clientMac(1) }))).toBe('DHCPOFFER 10.20.0.51');
  });

  test('that do not exist cannot fill the memory', () => {
    const rig = new DhcpRig();
    for (let octet = 2; octet < 250; octet++) rig.send({ ...chosen, server: `10.20.0.${octet}` });
    expect(rig.engine.foreignServers(rig.now)).toHaveLength(16);
  });

  test('that do not exist cannot fill the history', () => {
    const rig = new DhcpRig();
    const told = (server: string): number => rig.send({ ...chosen, server }).events.length;
    const flood = (): number =>
      Array.from({ length: 5000 }, (_, n) => told(`10.${n >> 8}.${n & 255}.7`)).reduce((sum, n) => sum + n);
    expect(told(OTHER_SERVER)).toBe(1);
    expect(flood()).toBe(15);
    // It was displaced by them, and counts as new again.
    expect(told(OTHER_SERVER)).toBe(0);
    rig.pass(120);
    expect(flood()).toBeLessThanOrEqual(3);
  });

  test.each(['0.0.0.0', '255.255.255.255', '127.0.0.1', '224.0.0.1', '0.1.2.3', '240.0.0.1'])(
    'are not assumed at %s, so no client is refused because of it',
    (server) => {
      const rig = new DhcpRig({ subnets: [rackSubnet({ requireSoleServer: true })] });
      expect(rig.send({ ...chosen, server, requested: '10.20.0.99' }).events).toEqual([]);
      expect(rig.engine.foreignServers(rig.now)).toEqual([]);
      expect(rig.engine.findForeignMac(ip('10.20.0.99'))).toBeUndefined();
      expect(outcome(rig.send({ type: 1, mac: clientMac(2) }))).toBe('DHCPOFFER 10.20.0.50');
    },
  );
});
