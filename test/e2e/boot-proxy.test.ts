import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Rack, RACK_BRIDGE } from '../../src/lab/rack.ts';
import { rackCatalog } from '../../src/lab/rack-catalog.ts';
import type { Firmware } from '../../src/lab/virtual-machine.ts';
import { startDnsmasq } from './boot-neighbours.ts';
import { FROM_IPXE, hostnameOf, machine, requireRackParts, stepsOf } from './boot-steps.ts';
import { PacketCapture } from './packet-capture.ts';

let rack: Rack;

beforeAll(requireRackParts);

beforeEach(async () => {
  rack = await Rack.create();
});

afterEach(() => rack.close());

describe('dnsmasq leases addresses without boot options, Railhead is the proxy', () => {
  test.each<{ firmware: Firmware; steps: string[] }>([
    { firmware: 'bios', steps: ['proxydhcp.offer', ...FROM_IPXE] },
    { firmware: 'uefi', steps: ['proxydhcp.offer', 'proxydhcp.ack', 'tftp.sent', ...FROM_IPXE] },
    { firmware: 'uefi-http', steps: ['proxydhcp.offer', 'http.boot_program', ...FROM_IPXE] },
  ])('$firmware, and every packet is well formed', async ({ firmware, steps }) => {
    const node = machine('node1', firmware);
    await rack.writeCatalog(rackCatalog([{ machine: node, role: 'web' }]));
    await startDnsmasq(rack);
    const railhead = await rack.startRailhead('proxy');
    const capture = await PacketCapture.start(rack, RACK_BRIDGE);
    const booted = await rack.powerOn(node);
    expect(await hostnameOf(booted)).toBe('node1');
    expect(await stepsOf(railhead, node)).toEqual(steps);
    await capture.stop();
    expect(await capture.select('dhcp.option.dhcp == 2 && ip.src == 10.77.0.1')).not.toEqual([]);
    expect(await capture.select('_ws.malformed || _ws.expert.severity >= error')).toEqual([]);
  });
});
