import path from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { Rack, RACK_BRIDGE, RACK_CIDR } from '../../src/lab/rack.ts';
import { rackCatalog } from '../../src/lab/rack-catalog.ts';
import { addressOf, FROM_IPXE, hostnameOf, machine, requireRackParts, stepsOf } from './boot-steps.ts';
import { PacketCapture } from './packet-capture.ts';

let rack: Rack;

beforeAll(requireRackParts);

beforeEach(async () => {
  rack = await Rack.create();
});

afterEach(() => rack.close());

test('two interfaces are served at once, each with its own network, and a third is not', async () => {
  const { namespace, network } = rack;
  const here = machine('node1', 'bios');
  const there = machine('node2', 'uefi');
  await rack.writeCatalog(
    rackCatalog([
      { machine: here, role: 'web' },
      { machine: there, role: 'db' },
    ]),
  );
  network.addBridge(namespace, 'rack1', '10.78.0.1/24');
  rack.advertise(namespace, 'rack1');
  const alone = network.addNamespace('alone');
  network.connect(namespace, 'alone0', alone, 'eth0');
  network.ip('-n', namespace, 'address', 'add', '10.79.0.1/24', 'dev', 'alone0');

  // There are addresses for the third one as well, so that only the list of interfaces excludes it.
  const railhead = await rack.startRailhead('full', {
    http: { listen: ['0.0.0.0:8080'] },
    tftp: { enabled: true },
    dhcp: { interfaces: [RACK_BRIDGE, 'rack1'] },
    networks: [
      { id: 'here', cidr: RACK_CIDR, mode: 'full', pools: ['10.77.0.100-10.77.0.199'] },
      { id: 'there', cidr: '10.78.0.0/24', mode: 'full', pools: ['10.78.0.100-10.78.0.199'] },
      { id: 'alone', cidr: '10.79.0.0/24', mode: 'full', pools: ['10.79.0.100-10.79.0.199'] },
    ],
  });
  const capture = await PacketCapture.start(rack, 'alone0');
  const [one, two, refused] = await Promise.all([
    rack.powerOn(here),
    rack.powerOn(there, { namespace, bridge: 'rack1' }),
    network.run(alone, 'udhcpc', [
      '-f', '-n', '-q', '-t', '3', '-T', '1', '-i', 'eth0',
      '-s', path.join(import.meta.dirname, 'udhcpc.script'),
    ]), // prettier-ignore
  ]);
  expect(refused.code, refused.text).toBe(1);
  expect(refused.text).toContain('no lease');
  expect(await Promise.all([hostnameOf(one), hostnameOf(two)])).toEqual(['node1', 'node2']);
  expect(await addressOf(one)).toMatch(/^10\.77\.0\.1\d\d\/24$/);
  expect(await addressOf(two)).toMatch(/^10\.78\.0\.1\d\d\/24$/);
  expect(await stepsOf(railhead, here)).toEqual(['dhcp.offer', 'dhcp.ack', ...FROM_IPXE]);
  expect(await stepsOf(railhead, there)).toEqual(['dhcp.offer', 'dhcp.ack', 'tftp.sent', ...FROM_IPXE]);

  // Each gets the server's address that it can reach without a router.
  const events = await railhead.eventsAfter(0);
  for (const [{ mac }, origin] of [
    [here, 'http://10.77.0.1:8080/boot.ipxe'],
    [there, 'http://10.78.0.1:8080/boot.ipxe'],
  ] as const) {
    const leased = events.filter((event) => event.kind === 'dhcp.ack' && event.mac === mac);
    expect(leased.some(({ summary }) => summary.endsWith(`boots ${origin}`))).toBe(true);
    expect(leased.map(({ summary }) => summary).join()).not.toContain(
      origin.includes('10.77') ? '10.78' : '10.77',
    );
  }

  // Counted on the wire: the third one sent requests, and there was no answer.
  await capture.stop();
  expect(await capture.select('dhcp.option.dhcp == 1')).toHaveLength(3);
  expect(await capture.select('udp.srcport == 67 || (dhcp && ip.src == 10.79.0.1)')).toEqual([]);
});
