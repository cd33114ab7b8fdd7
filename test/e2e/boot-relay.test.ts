import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Rack, RACK_ADDRESS } from '../../src/lab/rack.ts';
import { rackCatalog } from '../../src/lab/rack-catalog.ts';
import type { Firmware } from '../../src/lab/virtual-machine.ts';
import { addRelayedNetwork, DNSMASQ_ADDRESS, FAR_CIDR, FAR_ROUTER, startDnsmasq } from './boot-neighbours.ts';
import { addressOf, FROM_IPXE, hostnameOf, machine, requireRackParts, stepsOf } from './boot-steps.ts';

let rack: Rack;

beforeAll(requireRackParts);

beforeEach(async () => {
  rack = await Rack.create();
});

afterEach(() => rack.close());

describe('through a relay, to another network', () => {
  test.each<{ firmware: Firmware; steps: string[] }>([
    { firmware: 'bios', steps: [] },
    { firmware: 'uefi', steps: ['tftp.sent'] },
    { firmware: 'uefi-http', steps: ['http.boot_program'] },
  ])('where Railhead leases addresses: $firmware', async ({ firmware, steps }) => {
    const far = machine('node1', firmware);
    await rack.writeCatalog(rackCatalog([{ machine: far, role: 'web' }]));
    const there = await addRelayedNetwork(rack);
    const railhead = await rack.startRailhead('full', {
      networks: [
        {
          id: 'far',
          cidr: FAR_CIDR,
          mode: 'full',
          pools: ['10.78.0.100-10.78.0.199'],
          routers: [FAR_ROUTER],
          server_address: RACK_ADDRESS,
        },
      ],
    });
    const booted = await rack.powerOn(far, there);
    expect(await hostnameOf(booted)).toBe('node1');
    expect(await addressOf(booted)).toMatch(/^10\.78\.0\.1\d\d\/24$/);
    expect(await stepsOf(railhead, far)).toEqual(['dhcp.offer', 'dhcp.ack', ...steps, ...FROM_IPXE]);
  });

  // The relay forwards everything to both servers, and both offers back.
  test.each<{ firmware: Firmware; steps: string[] }>([
    { firmware: 'bios', steps: [] },
    { firmware: 'uefi', steps: ['proxydhcp.ack', 'tftp.sent'] },
    { firmware: 'uefi-http', steps: ['http.boot_program'] },
  ])('where dnsmasq leases addresses and Railhead is the proxy: $firmware', async ({ firmware, steps }) => {
    const far = machine('node1', firmware);
    await rack.writeCatalog(rackCatalog([{ machine: far, role: 'web' }]));
    await startDnsmasq(rack);
    const there = await addRelayedNetwork(rack, [RACK_ADDRESS, DNSMASQ_ADDRESS]);
    const railhead = await rack.startRailhead('proxy', {
      networks: [{ id: 'far', cidr: FAR_CIDR, mode: 'proxy', server_address: RACK_ADDRESS }],
    });
    const booted = await rack.powerOn(far, there);
    expect(await hostnameOf(booted)).toBe('node1');
    expect(await addressOf(booted)).toMatch(/^10\.78\.0\.1\d\d\/24$/);
    expect(await stepsOf(railhead, far)).toEqual(['proxydhcp.offer', ...steps, ...FROM_IPXE]);
  });
});
