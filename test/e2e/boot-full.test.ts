import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Rack, RACK_BRIDGE } from '../../src/lab/rack.ts';
import { RACK_PROFILE, rackCatalog } from '../../src/lab/rack-catalog.ts';
import type { Firmware } from '../../src/lab/virtual-machine.ts';
import {
  BOOT_TIMEOUT_MS,
  FROM_IPXE,
  hostnameOf,
  machine,
  requireRackParts,
  roleOf,
  stepsOf,
} from './boot-steps.ts';
import { PacketCapture } from './packet-capture.ts';

let rack: Rack;

beforeAll(requireRackParts);

beforeEach(async () => {
  rack = await Rack.create();
});

afterEach(() => rack.close());

describe('Railhead leases addresses', () => {
  test.each<{ firmware: Firmware; how: string; protocols: string[]; steps: string[] }>([
    {
      firmware: 'bios',
      how: 'the iPXE of the network card',
      protocols: ['dhcp', 'http'],
      steps: ['dhcp.offer', 'dhcp.ack', ...FROM_IPXE],
    },
    {
      firmware: 'uefi',
      how: "OVMF's PXE client, and iPXE by TFTP",
      protocols: ['dhcp', 'tftp', 'http'],
      steps: ['dhcp.offer', 'dhcp.ack', 'tftp.sent', ...FROM_IPXE],
    },
    {
      firmware: 'uefi-http',
      how: "OVMF's HTTP Boot, and iPXE by HTTP",
      protocols: ['dhcp', 'http'],
      steps: ['dhcp.offer', 'dhcp.ack', 'http.boot_program', ...FROM_IPXE],
    },
  ])('$firmware: $how, and every packet is well-formed', async ({ firmware, protocols, steps }) => {
    const node = machine('node1', firmware);
    await rack.writeCatalog(rackCatalog([{ machine: node, role: 'web' }]));
    const railhead = await rack.startRailhead('full');
    const capture = await PacketCapture.start(rack, RACK_BRIDGE);
    const booted = await rack.powerOn(node);
    expect(await hostnameOf(booted)).toBe('node1');
    expect(await stepsOf(railhead, node)).toEqual(steps);
    await capture.stop();
    for (const protocol of protocols) expect(await capture.select(protocol)).not.toEqual([]);
    expect(await capture.select('_ws.malformed || _ws.expert.severity >= error')).toEqual([]);
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

  test('an unknown machine waits, is recorded, and boots when a group for it is written', async () => {
    const stranger = machine('node9', 'bios');
    await rack.writeCatalog(RACK_PROFILE);
    const railhead = await rack.startRailhead('full');
    const booted = await rack.powerOn(stranger);
    await booted.console.waitForLine(/Railhead knows no group for MAC 52:54:00:77:00:09/, BOOT_TIMEOUT_MS);
    await railhead.waitForEvent('of a discovery', (event) => event.kind === 'machine.discovered', 10_000);
    const { items } = await railhead.get<{ items: { macs: string[] }[] }>(
      '/api/v1/machines?state=discovered',
    );
    expect(items.map(({ macs }) => macs)).toEqual([[stranger.mac]]);
    await rack.writeCatalog({
      'groups/late.yaml': `id: late
profile: test-os
selector: {mac: "${stranger.mac}"}
metadata: {hostname: no-longer-unknown, role: late, ssh_key: ssh-ed25519 AAAA}
`,
    });
    expect(await hostnameOf(booted)).toBe('no-longer-unknown');
  });
});
