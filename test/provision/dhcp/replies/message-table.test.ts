import { describe, expect, test } from 'vitest';
import type { DhcpOptions } from '../../../../src/protocol/dhcp/message.ts';
import { readText } from '../../../../src/protocol/dhcp/read-option.ts';
import {
  ADDRESS,
  BIOS_PXE,
  clientMac,
  DhcpRig,
  hex,
  ip,
  machine,
  onWire,
  outcome,
  rackSubnet,
  replyOf,
  type RequestSpec,
  type RigOptions,
  SERVER,
  UEFI_PXE,
} from '../dhcp-rig.ts';

// What the leasing server does about each kind of message, in each relevant state.

/** An option of exactly four bytes, as a number. */
const readUint32 = (options: DhcpOptions, code: number): number | undefined => {
  const bytes = options.get(code);
  return bytes?.length === 4 ? Buffer.from(bytes).readUInt32BE() : undefined;
};

const ME = clientMac(1);
const OTHER = clientMac(2);
const DISCOVER = 1;
const REQUEST = 3;
const DECLINE = 4;
const RELEASE = 7;
const INFORM = 8;

interface Row {
  readonly name: string;
  readonly rig?: RigOptions;
  /** What happened before the message. */
  readonly before?: (rig: DhcpRig) => void;
  readonly packet: RequestSpec;
  readonly outcome: string;
  /** The lease of the address after the message. */
  readonly after?: readonly [address: string, state: string | undefined];
}

const offered = (rig: DhcpRig): void => void rig.send({ type: DISCOVER, mac: ME });
const leased = (rig: DhcpRig): void => void rig.lease(ME);
const leasedByOther = (rig: DhcpRig): void => void rig.lease(OTHER);
const notAuthoritative: RigOptions = { subnets: [rackSubnet({ authoritative: false })] };
const tiny: RigOptions = {
  subnets: [rackSubnet({ pools: [{ first: ip('10.20.0.50'), last: ip('10.20.0.50') }] })],
};
const selecting = (requested: string, server: string = SERVER): RequestSpec => ({
  type: REQUEST,
  requested,
  server,
});
const initReboot = (requested: string): RequestSpec => ({ type: REQUEST, requested });
const renewing = (ciaddr: string): RequestSpec => ({ type: REQUEST, ciaddr });

const ROWS: readonly Row[] = [
  // DISCOVER
  { name: 'DISCOVER: the first free address', packet: { type: DISCOVER }, outcome: 'DHCPOFFER 10.20.0.50' },
  {
    name: 'DISCOVER again: the same',
    before: offered,
    packet: { type: DISCOVER, xid: 7 },
    outcome: 'DHCPOFFER 10.20.0.50',
  },
  {
    name: 'DISCOVER of the holder: its address',
    before: (rig) => (leasedByOther(rig), leased(rig)),
    packet: { type: DISCOVER },
    outcome: 'DHCPOFFER 10.20.0.51',
  },
  {
    name: 'DISCOVER that requests an address',
    packet: { type: DISCOVER, requested: '10.20.0.77' },
    outcome: 'DHCPOFFER 10.20.0.77',
  },
  {
    name: 'DISCOVER that requests a leased address',
    before: leasedByOther,
    packet: { type: DISCOVER, requested: '10.20.0.50' },
    outcome: 'DHCPOFFER 10.20.0.51',
  },
  {
    name: 'DISCOVER that requests an offered address',
    before: (rig) => void rig.send({ type: DISCOVER, mac: OTHER }),
    packet: { type: DISCOVER, requested: '10.20.0.50' },
    outcome: 'DHCPOFFER 10.20.0.51',
  },
  {
    name: 'DISCOVER that requests an address of another network',
    packet: { type: DISCOVER, requested: '192.168.7.7' },
    outcome: 'DHCPOFFER 10.20.0.50',
  },
  {
    name: 'DISCOVER, no subnet',
    packet: { type: DISCOVER, localAddress: ip('10.99.0.1') },
    outcome: 'no_subnet',
  },
  {
    name: 'DISCOVER, pool empty',
    rig: tiny,
    before: leasedByOther,
    packet: { type: DISCOVER },
    outcome: 'pool_exhausted',
  },
  {
    name: 'DISCOVER, unknown machines are not served',
    rig: { subnets: [rackSubnet({ allowUnknown: 'ignore' })] },
    packet: { type: DISCOVER },
    outcome: 'denied',
  },
  {
    name: 'DISCOVER, known machines are',
    rig: { subnets: [rackSubnet({ allowUnknown: 'ignore' })], machines: [machine({ id: 'n1', macs: [ME] })] },
    packet: { type: DISCOVER },
    outcome: 'DHCPOFFER 10.20.0.50',
  },
  {
    name: 'DISCOVER, subnet is off',
    rig: { subnets: [rackSubnet({ mode: 'off' })] },
    packet: { type: DISCOVER },
    outcome: 'not_served',
  },

  // REQUEST, SELECTING
  {
    name: 'SELECTING another server',
    before: offered,
    packet: selecting('10.20.0.50', '10.20.0.9'),
    outcome: 'other_server',
    after: ['10.20.0.50', undefined],
  },
  {
    name: 'SELECTING the offered address',
    before: offered,
    packet: selecting('10.20.0.50'),
    outcome: 'DHCPACK 10.20.0.50',
    after: ['10.20.0.50', 'bound'],
  },
  {
    name: 'SELECTING its own address',
    before: leased,
    packet: selecting('10.20.0.50'),
    outcome: 'DHCPACK 10.20.0.50',
    after: ['10.20.0.50', 'bound'],
  },
  {
    name: 'SELECTING after the offer ended, still free',
    before: (rig) => (offered(rig), rig.pass(61)),
    packet: selecting('10.20.0.50'),
    outcome: 'DHCPACK 10.20.0.50',
  },
  {
    name: 'SELECTING after the offer ended, taken',
    before: (rig) => (offered(rig), rig.pass(61), leasedByOther(rig)),
    packet: selecting('10.20.0.51'),
    outcome: 'DHCPNAK 0.0.0.0',
  },
  {
    name: 'SELECTING the address of another client',
    before: leasedByOther,
    packet: selecting('10.20.0.50'),
    outcome: 'DHCPNAK 0.0.0.0',
    after: ['10.20.0.50', 'bound'],
  },
  { name: 'SELECTING of another network', packet: selecting('10.99.0.50'), outcome: 'DHCPNAK 0.0.0.0' },
  { name: 'SELECTING outside of the pool', packet: selecting('10.20.0.10'), outcome: 'DHCPNAK 0.0.0.0' },
  { name: 'SELECTING without an address', packet: { type: REQUEST, server: SERVER }, outcome: 'incomplete' },
  {
    name: 'SELECTING an address that is not its reservation',
    rig: { machines: [machine({ id: 'n1', macs: [ME], address: ip('10.20.0.10') })] },
    packet: selecting('10.20.0.50'),
    outcome: 'DHCPNAK 0.0.0.0',
  },
  {
    name: 'SELECTING its reservation',
    rig: { machines: [machine({ id: 'n1', macs: [ME], address: ip('10.20.0.10') })] },
    packet: selecting('10.20.0.10'),
    outcome: 'DHCPACK 10.20.0.10',
  },
  {
    name: 'SELECTING the reservation of another machine',
    rig: { machines: [machine({ id: 'n2', macs: [OTHER], address: ip('10.20.0.60') })] },
    packet: selecting('10.20.0.60'),
    outcome: 'DHCPNAK 0.0.0.0',
  },

  // REQUEST, INIT-REBOOT
  {
    name: 'INIT-REBOOT, no subnet',
    packet: { ...initReboot('10.20.0.50'), localAddress: ip('10.99.0.1') },
    outcome: 'no_subnet',
  },
  { name: 'INIT-REBOOT of another network', packet: initReboot('10.99.0.50'), outcome: 'DHCPNAK 0.0.0.0' },
  {
    name: 'INIT-REBOOT of another network, not authoritative',
    rig: notAuthoritative,
    packet: initReboot('10.99.0.50'),
    outcome: 'unknown_lease',
  },
  {
    name: 'INIT-REBOOT of the holder',
    before: leased,
    packet: initReboot('10.20.0.50'),
    outcome: 'DHCPACK 10.20.0.50',
  },
  {
    name: 'INIT-REBOOT of the holder, not authoritative',
    rig: notAuthoritative,
    before: leased,
    packet: initReboot('10.20.0.50'),
    outcome: 'DHCPACK 10.20.0.50',
  },
  {
    name: 'INIT-REBOOT of the former holder',
    before: (rig) => (leased(rig), rig.pass(86_400)),
    packet: initReboot('10.20.0.50'),
    outcome: 'DHCPACK 10.20.0.50',
  },
  {
    name: 'INIT-REBOOT of the holder, another address',
    before: leased,
    packet: initReboot('10.20.0.60'),
    outcome: 'DHCPNAK 0.0.0.0',
  },
  {
    name: 'INIT-REBOOT of an unknown client, free',
    packet: initReboot('10.20.0.60'),
    outcome: 'DHCPACK 10.20.0.60',
    after: ['10.20.0.60', 'bound'],
  },
  {
    name: 'INIT-REBOOT of an unknown client, taken',
    before: leasedByOther,
    packet: initReboot('10.20.0.50'),
    outcome: 'DHCPNAK 0.0.0.0',
  },
  {
    name: 'INIT-REBOOT of an unknown client, not authoritative',
    rig: notAuthoritative,
    packet: initReboot('10.20.0.60'),
    outcome: 'unknown_lease',
  },
  {
    name: 'INIT-REBOOT of a machine with a reservation elsewhere',
    rig: { machines: [machine({ id: 'n1', macs: [ME], address: ip('10.20.0.10') })] },
    packet: initReboot('10.20.0.60'),
    outcome: 'DHCPNAK 0.0.0.0',
  },

  // REQUEST, RENEWING and REBINDING
  {
    name: 'RENEWING',
    before: leased,
    packet: renewing('10.20.0.50'),
    outcome: 'DHCPACK 10.20.0.50',
    after: ['10.20.0.50', 'bound'],
  },
  {
    name: 'REBINDING through a relay',
    before: leased,
    packet: { ...renewing('10.20.0.50'), giaddr: '10.20.0.253' },
    outcome: 'DHCPACK 10.20.0.50',
  },
  {
    name: 'RENEWING too late, still free',
    before: (rig) => (leased(rig), rig.pass(86_400)),
    packet: renewing('10.20.0.50'),
    outcome: 'DHCPACK 10.20.0.50',
  },
  {
    name: 'RENEWING an unknown lease, free',
    packet: renewing('10.20.0.60'),
    outcome: 'DHCPACK 10.20.0.60',
  },
  {
    name: 'RENEWING the address of another client',
    before: leasedByOther,
    packet: renewing('10.20.0.50'),
    outcome: 'DHCPNAK 0.0.0.0',
  },
  {
    name: 'RENEWING an unknown lease, not authoritative',
    rig: notAuthoritative,
    packet: renewing('10.20.0.60'),
    outcome: 'unknown_lease',
  },
  { name: 'RENEWING an address set by hand', packet: renewing('10.20.0.10'), outcome: 'unknown_lease' },
  {
    name: 'RENEWING an address that became reserved for another machine',
    before: (rig) => (
      leased(rig),
      (rig.machines = [machine({ id: 'n2', macs: [OTHER], address: ip('10.20.0.50') })])
    ),
    packet: renewing('10.20.0.50'),
    outcome: 'DHCPNAK 0.0.0.0',
  },
  {
    name: 'RENEWING although another address became reserved for it',
    before: (rig) => (
      leased(rig),
      (rig.machines = [machine({ id: 'n1', macs: [ME], address: ip('10.20.0.10') })])
    ),
    packet: renewing('10.20.0.50'),
    outcome: 'DHCPACK 10.20.0.50',
  },
  {
    name: 'REBINDING on another network',
    packet: { ...renewing('10.99.0.50'), source: '10.99.0.50' },
    outcome: 'DHCPNAK 0.0.0.0',
  },
  { name: 'REQUEST without an address', packet: { type: REQUEST }, outcome: 'incomplete' },

  // DECLINE
  {
    name: 'DECLINE by the holder',
    before: leased,
    packet: { type: DECLINE, requested: '10.20.0.50', server: SERVER },
    outcome: 'decline accepted',
    after: ['10.20.0.50', 'declined'],
  },
  {
    name: 'DECLINE of an offer',
    before: offered,
    packet: { type: DECLINE, requested: '10.20.0.50', server: SERVER },
    outcome: 'decline accepted',
    after: ['10.20.0.50', 'declined'],
  },
  {
    name: 'DECLINE to another server',
    before: leased,
    packet: { type: DECLINE, requested: '10.20.0.50', server: '10.20.0.9' },
    outcome: 'other_server',
    after: ['10.20.0.50', 'bound'],
  },
  {
    name: 'DECLINE of the address of another client',
    before: leasedByOther,
    packet: { type: DECLINE, requested: '10.20.0.50', server: SERVER },
    outcome: 'not_the_holder',
    after: ['10.20.0.50', 'bound'],
  },
  { name: 'DECLINE without an address', packet: { type: DECLINE, server: SERVER }, outcome: 'incomplete' },

  // RELEASE
  {
    name: 'RELEASE by the holder',
    before: leased,
    packet: { type: RELEASE, ciaddr: '10.20.0.50', server: SERVER },
    outcome: 'release accepted',
    after: ['10.20.0.50', 'released'],
  },
  {
    name: 'RELEASE of the address of another client',
    before: leasedByOther,
    packet: { type: RELEASE, ciaddr: '10.20.0.50', server: SERVER },
    outcome: 'not_the_holder',
    after: ['10.20.0.50', 'bound'],
  },
  {
    name: 'RELEASE to another server',
    before: leased,
    packet: { type: RELEASE, ciaddr: '10.20.0.50', server: '10.20.0.9' },
    outcome: 'other_server',
    after: ['10.20.0.50', 'bound'],
  },
  {
    name: 'RELEASE without a server',
    before: leased,
    packet: { type: RELEASE, ciaddr: '10.20.0.50' },
    outcome: 'incomplete',
  },

  // INFORM and other messages
  {
    name: 'INFORM',
    packet: { type: INFORM, ciaddr: '10.20.0.10' },
    outcome: 'DHCPACK 0.0.0.0',
    after: ['10.20.0.10', undefined],
  },
  { name: 'INFORM without an address', packet: { type: INFORM }, outcome: 'incomplete' },
  { name: 'OFFER', packet: { type: 2 }, outcome: 'message_type' },
  { name: 'ACK', packet: { type: 5 }, outcome: 'message_type' },
  { name: 'NAK', packet: { type: 6 }, outcome: 'message_type' },
  { name: 'FORCERENEW', packet: { type: 9 }, outcome: 'message_type' },
  { name: 'LEASEQUERY', packet: { type: 10 }, outcome: 'message_type' },
  { name: 'LEASEACTIVE', packet: { type: 13 }, outcome: 'message_type' },
  { name: 'BOOTP', packet: {}, outcome: 'bootp' },
  {
    name: 'BOOTP when on, nothing reserved',
    rig: { policy: { bootp: 'reserved' } },
    packet: {},
    outcome: 'bootp',
  },
  {
    name: 'BOOTP when on',
    rig: {
      policy: { bootp: 'reserved' },
      machines: [machine({ id: 'n1', macs: [ME], address: ip('10.20.0.10') })],
    },
    packet: {},
    outcome: 'BOOTP 10.20.0.10',
    after: ['10.20.0.10', 'bound'],
  },
];

test.each(ROWS.map((row) => [row.name, row] as const))('%s', (_name, row) => {
  const rig = new DhcpRig(row.rig);
  row.before?.(rig);
  expect(outcome(rig.send({ mac: ME, ...row.packet }))).toBe(row.outcome);
  if (row.after !== undefined) {
    const [address, state] = row.after;
    expect(rig.engine.findLease(ip(address), rig.now)?.state).toBe(state);
    expect(rig.stored.get(address)?.state).toBe(state);
  }
});

describe('contents of the replies', () => {
  test('a DHCPNAK has only the server identifier, the reason and the echoed options', () => {
    const rig = new DhcpRig();
    const { message } = replyOf(
      rig.send({
        ...selecting('10.99.0.1'),
        giaddr: '10.20.0.253',
        options: { 61: '0102', 82: '0101aa', 97: '00'.repeat(17) },
      }),
    );
    expect([...message.options.keys()].sort()).toEqual([53, 54, 56, 61, 82]);
    expect(readText(message.options, 56)).toBe('10.99.0.1 is not an address of this network');
    expect(message).toMatchObject({
      yiaddr: '0.0.0.0',
      siaddr: '0.0.0.0',
      ciaddr: '0.0.0.0',
      sname: '',
      file: '',
    });
  });

  test('DHCPINFORM is answered with settings and without a lease', () => {
    const { message } = replyOf(new DhcpRig().send({ type: INFORM, ciaddr: '10.20.0.10' }));
    expect(message.ciaddr).toBe('10.20.0.10');
    expect([...message.options.keys()].sort((a, b) => a - b)).toEqual([1, 3, 6, 53, 54]);
  });

  test('DHCPINFORM of a PXE client gets boot options', () => {
    const { message } = replyOf(
      new DhcpRig().send({ type: INFORM, ciaddr: '10.20.0.10', options: BIOS_PXE }),
    );
    expect(message.file).toBe('snponly.efi');
  });

  test('renewal and rebinding are at half and seven eighths of the lease', () => {
    const { options } = replyOf(new DhcpRig().send({ type: DISCOVER })).message;
    expect([51, 58, 59].map((code) => readUint32(options, code))).toEqual([3600, 1800, 3150]);
  });

  test('firmware gets a short lease, and an infinite lease time of a record is used unchanged', () => {
    const boot = replyOf(new DhcpRig().send({ type: DISCOVER, options: UEFI_PXE })).message.options;
    expect(readUint32(boot, 51)).toBe(600);
    const endless = new DhcpRig({ subnets: [rackSubnet({ leaseSeconds: Infinity })] });
    const { options } = replyOf(endless.send({ type: DISCOVER })).message;
    expect(readUint32(options, 51)).toBe(0xffff_ffff);
    expect(options.has(58)).toBe(false);
    endless.lease(ME);
    endless.pass(1e9);
    expect(endless.engine.findLease(ADDRESS, endless.now)?.state).toBe('bound');
  });

  test('options are sent as requested; machine overrides group, and group overrides subnet', () => {
    const rig = new DhcpRig({
      subnets: [
        rackSubnet({
          domain: 'rack.example',
          ntp: [ip('10.20.0.3')],
          options: [
            { code: 26, value: { type: 'uint16', value: 9000 } },
            { code: 224, value: { type: 'text', value: 'subnet' } },
            { code: 225, value: { type: 'text', value: 'subnet' } },
            { code: 226, value: { type: 'text', value: 'subnet' } },
          ],
        }),
      ],
      machines: [machine({ id: 'n1', macs: [ME], hostname: 'node1' })],
      plan: {
        groupOptions: new Map([225, 226].map((code) => [code, Buffer.from('group')])),
        machineOptions: new Map([[226, Buffer.from('machine')]]),
      },
    });
    const { options } = onWire(
      rig.send({ type: DISCOVER, options: { 55: 'e2e1e0 1a 2a 0f 0c 00 ff 35 36 33 3d 52 eb 0d' } }),
    );
    expect([...options.keys()]).toEqual([53, 54, 51, 58, 59, 1, 226, 225, 224, 26, 42, 15, 12]);
    expect([226, 225, 224, 15, 12].map((code) => readText(options, code))).toEqual([
      ...['machine', 'group', 'subnet'],
      ...['rack.example', 'node1'],
    ]);
  });

  test('a client without a parameter request list gets all configured options', () => {
    const rig = new DhcpRig({ subnets: [rackSubnet({ domain: 'rack.example' })] });
    const { options } = onWire(rig.send({ type: DISCOVER }));
    expect([...options.keys()]).toEqual([53, 54, 51, 58, 59, 1, 3, 6, 15]);
  });

  test('option 13 is never sent, since edk2 reads it as the size of the boot file', () => {
    const plan = { machineOptions: new Map([[13, Uint8Array.of(0, 1)]]) };
    for (const options of [{}, { 55: '0d' }]) {
      expect(onWire(new DhcpRig({ plan }).send({ type: DISCOVER, options })).options.has(13)).toBe(false);
    }
  });

  test('a BOOTP reply has no type and no lease time', () => {
    const rig = new DhcpRig({
      policy: { bootp: 'reserved' },
      machines: [machine({ id: 'n1', macs: [ME], address: ip('10.20.0.10') })],
    });
    const { message } = replyOf(rig.send({ mac: ME }));
    expect([...message.options.keys()]).toEqual([1, 3, 6]);
    expect(message.file).toBe('snponly.efi');
    expect(rig.stored.get('10.20.0.10')?.expiresAt).toBe(Number.MAX_SAFE_INTEGER);
  });

  test('a DHCPACK has the server identifier that the client sent', () => {
    const rig = new DhcpRig({ localAddresses: [SERVER, ip('10.20.0.4')] });
    const { message } = replyOf(rig.send(selecting('10.20.0.50', '10.20.0.4')));
    expect(Buffer.from(message.options.get(54)!).toString('hex')).toBe('0a140004');
  });

  test('a host name is stored only if it is valid', () => {
    const rig = new DhcpRig();
    const names = ['node-1', '../../x', 'a b;rm', 'x'.repeat(64), '-x', 'é'];
    const noted = names.map((name, index) => {
      const address = rig.lease(clientMac(100 + index), { 12: hex(name) });
      return rig.stored.get(address)?.hostname;
    });
    expect(noted).toEqual(['node-1', undefined, undefined, undefined, undefined, undefined]);
  });

  test('what is stored with a lease', () => {
    const rig = new DhcpRig();
    rig.send({
      ...selecting('10.20.0.50'),
      mac: ME,
      giaddr: '10.20.0.253',
      options: { 61: '0102', 82: '0101aa' },
    });
    expect(rig.stored.get('10.20.0.50')).toEqual({
      address: '10.20.0.50',
      subnetId: 'rack',
      clientKey: `mac:${ME}`,
      chaddr: ME,
      clientId: '0102',
      relayInfo: '0101aa',
      state: 'bound',
      boundAt: rig.now.wallMs,
      expiresAt: rig.now.wallMs + 3_600_000,
    });
  });
});

describe('identity and reservations', () => {
  const uuid = '00 44332211 6655 8877 99aa bbccddeeff00';

  test('firmware, iPXE and the installed system share one address', () => {
    const rig = new DhcpRig();
    const addresses = [
      rig.lease(ME, UEFI_PXE),
      rig.lease(ME, { 61: `01${ME.replaceAll(':', '')}` }),
      rig.lease(ME, { 61: 'ff00112233000200000ab11234567890abcdef' }),
    ];
    expect(addresses).toEqual(['10.20.0.50', '10.20.0.50', '10.20.0.50']);
    expect(rig.stored.size).toBe(1);
  });

  test('by client identifier they do not, except for one that contains only the MAC address', () => {
    const rig = new DhcpRig({ policy: { identity: 'clientId' } });
    expect(rig.lease(ME, { 61: 'ff00112233' })).toBe('10.20.0.50');
    expect(rig.lease(ME, { 61: `01${ME.replaceAll(':', '')}` })).toBe('10.20.0.51');
    expect(rig.lease(ME)).toBe('10.20.0.51');
    expect(rig.lease(OTHER, { 61: 'ff00112233' })).toBe('10.20.0.50');
  });

  test.each<[name: string, options: Record<number, string>, key: string]>([
    ['empty', { 61: '' }, `mac:${ME}`],
    ['one byte', { 61: '00' }, 'id:00'],
    ['all zero', { 61: '00000000' }, 'id:00000000'],
    ['255 bytes', { 61: 'ab'.repeat(255) }, 'id:sha256:'],
  ])('client identifier: %s', (_name, options, key) => {
    const rig = new DhcpRig({ policy: { identity: 'clientId' } });
    const address = rig.lease(ME, options);
    expect(rig.stored.get(address)?.clientKey.slice(0, key.length)).toBe(key);
    expect(rig.stored.get(address)?.clientKey.length).toBeLessThan(100);
  });

  test('InfiniBand is identified by its client identifier', () => {
    const rig = new DhcpRig();
    const ack = rig.send({ ...selecting('10.20.0.50'), htype: 32, options: { 61: 'ff0102030405' } });
    expect(outcome(ack)).toBe('DHCPACK 10.20.0.50');
    expect(rig.stored.get('10.20.0.50')?.clientKey).toBe('id:ff0102030405');
  });

  test.each<
    [name: string, fields: Parameters<typeof machine>[0], options: Record<number, string>, giaddr?: string]
  >([
    ['MAC address', { id: 'n', macs: [ME] }, {}],
    ['client identifier', { id: 'n', clientIds: ['ff0102'] }, { 61: 'ff0102' }],
    ['UUID', { id: 'n', uuid: '11223344-5566-7788-99aa-bbccddeeff00' as never }, { 97: uuid }],
    [
      'UUID in the other byte order',
      { id: 'n', uuid: '44332211-6655-8877-99aa-bbccddeeff00' as never },
      { 97: uuid },
    ],
    ['circuit', { id: 'n', switchPort: { circuitId: '6531' } }, { 82: '01026531 02027377' }, '10.20.0.253'],
    ['switch', { id: 'n', switchPort: { remoteId: '7377' } }, { 82: '01026531 02027377' }, '10.20.0.253'],
    [
      'circuit of a switch',
      { id: 'n', switchPort: { circuitId: '6531', remoteId: '7377' } },
      { 82: '01026531 02027377' },
      '10.20.0.253',
    ],
  ])('a reservation by %s', (_name, fields, options, giaddr) => {
    const rig = new DhcpRig({ machines: [machine({ ...fields, address: ip('10.20.0.10') })] });
    const spec = { type: DISCOVER, mac: ME, options, ...(giaddr !== undefined && { giaddr }) };
    expect(outcome(rig.send(spec))).toBe('DHCPOFFER 10.20.0.10');
  });

  test('MAC address comes before client identifier, UUID and switch port, in this order', () => {
    const by = {
      mac: machine({ id: 'mac', macs: [ME], address: ip('10.20.0.11') }),
      clientId: machine({ id: 'clientId', clientIds: ['ff0102'], address: ip('10.20.0.12') }),
      uuid: machine({
        id: 'uuid',
        uuid: '11223344-5566-7788-99aa-bbccddeeff00' as never,
        address: ip('10.20.0.13'),
      }),
      port: machine({ id: 'port', switchPort: { circuitId: '6531' }, address: ip('10.20.0.14') }),
    };
    const spec = {
      type: DISCOVER,
      mac: ME,
      giaddr: '10.20.0.253',
      options: { 61: 'ff0102', 97: uuid, 82: '01026531' },
    };
    const offered = [
      [by.port, by.uuid, by.clientId, by.mac],
      [by.port, by.uuid, by.clientId],
      [by.port, by.uuid],
      [by.port],
    ].map((machines) => outcome(new DhcpRig({ machines }).send(spec)));
    expect(offered).toEqual([11, 12, 13, 14].map((octet) => `DHCPOFFER 10.20.0.${octet}`));
  });

  test.each(['00'.repeat(17), `00${'ff'.repeat(16)}`, '44332211665588', '01'.repeat(17)])(
    'option 97 of %s identifies no machine',
    (value) => {
      const machines = [
        machine({
          id: 'zero',
          uuid: '00000000-0000-0000-0000-000000000000' as never,
          address: ip('10.20.0.10'),
        }),
        machine({
          id: 'ones',
          uuid: 'ffffffff-ffff-ffff-ffff-ffffffffffff' as never,
          address: ip('10.20.0.11'),
        }),
      ];
      const decision = new DhcpRig({ machines }).send({
        type: DISCOVER,
        options: { ...UEFI_PXE, 97: value },
      });
      expect(outcome(decision)).toBe('DHCPOFFER 10.20.0.50');
      const wellFormed = value.length === 34 && value.startsWith('00');
      expect(replyOf(decision).message.options.has(97)).toBe(wellFormed);
    },
  );

  test('a reserved address is given to no other client, and its use by another host is detected', () => {
    const rig = new DhcpRig({ machines: [machine({ id: 'n2', macs: [OTHER], address: ip('10.20.0.50') })] });
    expect(rig.lease(ME)).toBe('10.20.0.51');
    expect(rig.lease(OTHER)).toBe('10.20.0.50');
  });

  test('a reserved address that another client still has is waited for, and meanwhile the machine gets another', () => {
    const rig = new DhcpRig();
    expect(rig.lease(ME)).toBe('10.20.0.50');
    rig.machines = [machine({ id: 'n2', macs: [OTHER], address: ip('10.20.0.50') })];
    expect(rig.lease(OTHER)).toBe('10.20.0.51');
    rig.pass(3601);
    expect(rig.lease(OTHER)).toBe('10.20.0.50');
    // The address that the machine had meanwhile is free again.
    expect(rig.stored.has('10.20.0.51')).toBe(false);
  });

  test('the card of a machine that sends the last request gets its address', () => {
    const rig = new DhcpRig({
      machines: [machine({ id: 'n', macs: [ME, OTHER], address: ip('10.20.0.10') })],
    });
    expect(rig.lease(ME)).toBe('10.20.0.10');
    expect(rig.lease(OTHER)).toBe('10.20.0.10');
    expect(rig.stored.size).toBe(1);
  });

  test('an address whose reservation was removed goes back to the pool', () => {
    const rig = new DhcpRig({
      subnets: [rackSubnet({ pools: [{ first: ip('10.20.0.50'), last: ip('10.20.0.51') }] })],
      machines: [machine({ id: 'n2', macs: [OTHER], address: ip('10.20.0.50') })],
    });
    expect(rig.lease(ME)).toBe('10.20.0.51');
    expect(rig.lease(clientMac(3))).toBe('pool_exhausted');
    rig.machines = [];
    rig.engine.reservationsChanged();
    expect(rig.lease(clientMac(3))).toBe('10.20.0.50');
  });

  test('a declined reservation is kept for its machine, since any host can forge a DHCPDECLINE', () => {
    const rig = new DhcpRig({ machines: [machine({ id: 'n', macs: [ME], address: ip('10.20.0.10') })] });
    rig.lease(ME);
    rig.send({ type: DECLINE, mac: ME, requested: '10.20.0.10', server: SERVER });
    expect(rig.lease(ME)).toBe('10.20.0.10');
    expect(rig.lease(OTHER)).toBe('10.20.0.50');
  });
});
