import { once } from 'node:events';
import path from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { missingPackages, RACK_REQUIREMENTS } from '../../src/lab/debian-packages.ts';
import { canMakeNamespaces } from '../../src/lab/network-lab.ts';
import { Rack, RACK_ADDRESS, RACK_BRIDGE, type RackMachine } from '../../src/lab/rack.ts';
import { RACK_PROFILE, rackCatalog } from '../../src/lab/rack-catalog.ts';
import type { RailheadProcess } from '../../src/lab/railhead-process.ts';
import type { Firmware, VirtualMachine } from '../../src/lab/virtual-machine.ts';
import { parseMac } from '../../src/protocol/mac-address.ts';

// Whole boots with real parts only: firmware, iPXE, a Debian kernel and Ignition, in software emulation.

/** From power-on to the end; a boot takes some 20 s here, and a loaded host may need several times that. */
const BOOT_TIMEOUT_MS = 180_000;

const REQUIREMENTS = [
  ...RACK_REQUIREMENTS,
  { file: '/usr/sbin/dnsmasq', package: 'dnsmasq-base' },
  { file: '/usr/sbin/dhcrelay', package: 'isc-dhcp-relay' },
];

let rack: Rack;

beforeAll(async () => {
  if (!canMakeNamespaces) throw new Error('these tests make network namespaces, which only root may');
  const missing = await missingPackages(REQUIREMENTS);
  if (missing.length > 0) throw new Error(`these tests need Debian packages: ${missing.join(' ')}`);
});

beforeEach(async () => {
  rack = await Rack.create();
});

afterEach(() => rack.close());

/** The steps of a boot whose iPXE is there already. */
const FROM_IPXE = ['http.boot_script', 'ipxe.sent', 'http.asset', 'ignition.sent', 'machine.report'];

describe('Railhead leases addresses', () => {
  test.each<{ firmware: Firmware; how: string; steps: string[] }>([
    {
      firmware: 'bios',
      how: 'the iPXE of the network card',
      steps: ['dhcp.offer', 'dhcp.ack', ...FROM_IPXE],
    },
    {
      firmware: 'uefi',
      how: "OVMF's PXE client, and iPXE by TFTP",
      steps: ['dhcp.offer', 'dhcp.ack', 'tftp.sent', ...FROM_IPXE],
    },
    {
      firmware: 'uefi-http',
      how: "OVMF's HTTP Boot, and iPXE by HTTP",
      steps: ['dhcp.offer', 'dhcp.ack', 'http.boot_program', ...FROM_IPXE],
    },
  ])('$firmware: $how', async ({ firmware, steps }) => {
    const node = machine('node1', firmware);
    await rack.writeCatalog(rackCatalog([{ machine: node, role: 'web' }]));
    const railhead = await rack.startRailhead('full');
    const booted = await rack.powerOn(node);
    expect(await hostnameOf(booted)).toBe('node1');
    expect(await stepsOf(railhead, node)).toEqual(steps);
  });

  test('two machines at once, of different groups, get different configs', async () => {
    const web = machine('node1', 'bios');
    const db = machine('node2', 'bios');
    await rack.writeCatalog(
      rackCatalog([
        { machine: web, role: 'web' },
        { machine: db, role: 'db' },
      ]),
    );
    await rack.startRailhead('full');
    const [one, two] = await Promise.all([rack.powerOn(web), rack.powerOn(db)]);
    expect(await Promise.all([hostnameOf(one), hostnameOf(two)])).toEqual(['node1', 'node2']);
    expect(await Promise.all([roleOf(one), roleOf(two)])).toEqual(['web', 'db']);
  });

  test('an unknown machine waits, is recorded, and goes on when a group for it is written', async () => {
    const stranger = machine('node9', 'bios');
    await rack.writeCatalog(RACK_PROFILE);
    const railhead = await rack.startRailhead('full');
    const booted = await rack.powerOn(stranger);
    await booted.console.waitForLine(/Railhead knows no group for MAC 52:54:00:77:00:09/, BOOT_TIMEOUT_MS);
    await railhead.waitForEvent('of a discovery', (event) => event.kind === 'machine.discovered', 10_000);
    const { discovered } = await railhead.get<{ discovered: { mac: string }[] }>('/api/v1/machines');
    expect(discovered.map(({ mac }) => mac)).toEqual([stranger.mac]);
    await rack.writeCatalog({
      'groups/late.yaml': `id: late
profile: test-os
selector: {mac: "${stranger.mac}"}
metadata: {hostname: no-longer-unknown, role: late, ssh_key: ssh-ed25519 AAAA}
`,
    });
    expect(await hostnameOf(booted)).toBe('no-longer-unknown');
  });

  test.each<{ firmware: Firmware; steps: string[] }>([
    { firmware: 'bios', steps: [] },
    { firmware: 'uefi', steps: ['tftp.sent'] },
    { firmware: 'uefi-http', steps: ['http.boot_program'] },
  ])('to another subnet through a relay: $firmware', async ({ firmware, steps }) => {
    const far = machine('node1', firmware);
    await rack.writeCatalog(rackCatalog([{ machine: far, role: 'web' }]));
    const there = await addRelayedNetwork();
    const railhead = await rack.startRailhead('full', {
      networks: [
        {
          id: 'far',
          cidr: '10.78.0.0/24',
          mode: 'full',
          pools: ['10.78.0.100-10.78.0.199'],
          routers: ['10.78.0.1'],
          server_address: RACK_ADDRESS,
        },
      ],
    });
    const booted = await rack.powerOn(far, there);
    expect(await hostnameOf(booted)).toBe('node1');
    await booted.console.waitForLine(/railhead-lab: address: 10\.78\.0\.1\d\d\/24/, 1_000);
    expect(await stepsOf(railhead, far)).toEqual(['dhcp.offer', 'dhcp.ack', ...steps, ...FROM_IPXE]);
  });
});

describe('dnsmasq leases addresses and knows nothing of booting, Railhead is the proxy', () => {
  test.each<{ firmware: Firmware; steps: string[] }>([
    { firmware: 'bios', steps: ['proxydhcp.offer', ...FROM_IPXE] },
    { firmware: 'uefi', steps: ['proxydhcp.offer', 'proxydhcp.ack', 'tftp.sent', ...FROM_IPXE] },
    { firmware: 'uefi-http', steps: ['proxydhcp.offer', 'http.boot_program', ...FROM_IPXE] },
  ])('as proxy: $firmware', async ({ firmware, steps }) => {
    const node = machine('node1', firmware);
    await rack.writeCatalog(rackCatalog([{ machine: node, role: 'web' }]));
    await startDnsmasq();
    const railhead = await rack.startRailhead('proxy');
    const booted = await rack.powerOn(node);
    expect(await hostnameOf(booted)).toBe('node1');
    expect(await stepsOf(railhead, node)).toEqual(steps);
  });
});

function machine(name: string, firmware: Firmware): RackMachine {
  const number = name.replace(/\D/g, '').padStart(2, '0');
  return { name, firmware, mac: parseMac(`52:54:00:77:00:${number}`)! };
}

/** What the machine's own system says after Ignition: its host name. Rejects with its console if it does not come to that. */
async function hostnameOf(booted: VirtualMachine): Promise<string | undefined> {
  const [, hostname] = await booted.console.waitForLine(/railhead-lab: hostname: (\S+)/, BOOT_TIMEOUT_MS);
  await booted.ended;
  return hostname;
}

async function roleOf(booted: VirtualMachine): Promise<string | undefined> {
  return (await booted.console.waitForLine(/content of \/etc\/role: (\S+)/, 1_000))[1];
}

/** The kinds of a machine's events, each once, in the order of the first. */
async function stepsOf(railhead: RailheadProcess, { mac }: RackMachine): Promise<string[]> {
  const isReport = (event: { kind: string; mac?: string }): boolean =>
    event.kind === 'machine.report' && event.mac === mac;
  await railhead.waitForEvent('of the report', isReport, 10_000);
  const events = await railhead.eventsAfter(0);
  return [...new Set(events.filter((event) => event.mac === mac).map((event) => event.kind))];
}

/** A DHCP server on the rack's switch that leases addresses, and no more. */
async function startDnsmasq(): Promise<void> {
  const { network, namespace } = rack;
  const elsewhere = network.addNamespace('dhcp');
  network.connect(namespace, 'port0', elsewhere, 'eth0');
  network.plug(namespace, RACK_BRIDGE, 'port0');
  network.ip('-n', elsewhere, 'address', 'add', '10.77.0.2/24', 'dev', 'eth0');
  const dnsmasq = network.start(elsewhere, 'dnsmasq', [
    '--keep-in-foreground',
    '--conf-file=/dev/null',
    '--user=root',
    '--port=0',
    '--log-facility=-',
    `--pid-file=${path.join(rack.folder, 'dnsmasq.pid')}`,
    `--dhcp-leasefile=${path.join(rack.folder, 'dnsmasq.leases')}`,
    '--dhcp-range=10.77.0.100,10.77.0.199,255.255.255.0,1h',
  ]);
  // It says that it has started on standard error.
  await once(dnsmasq.stderr, 'data');
}

/** A second network behind a router that relays DHCP: what machines there are plugged into. */
async function addRelayedNetwork(): Promise<{ namespace: string; bridge: string }> {
  const { network, namespace } = rack;
  const relay = network.addNamespace('relay');
  network.connect(namespace, 'port0', relay, 'up0');
  network.plug(namespace, RACK_BRIDGE, 'port0');
  network.ip('-n', relay, 'address', 'add', '10.77.0.3/24', 'dev', 'up0');
  network.addBridge(relay, 'far0', '10.78.0.1/24');
  rack.advertise(relay, 'far0');
  network.ip('-n', namespace, 'route', 'add', '10.78.0.0/24', 'via', '10.77.0.3');
  await network.run(relay, 'sysctl', ['-q', '-w', 'net.ipv4.ip_forward=1']);
  const dhcrelay = network.start(relay, 'dhcrelay', [
    '-4', '-d', '--no-pid', '-iu', 'up0', '-id', 'far0', RACK_ADDRESS,
  ]); // prettier-ignore
  await once(dhcrelay.stderr, 'data');
  return { namespace: relay, bridge: 'far0' };
}
