import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { missingPackages, RACK_REQUIREMENTS } from '../../src/lab/debian-packages.ts';
import { canMakeNamespaces } from '../../src/lab/network-lab.ts';
import { Rack, type RackMachine } from '../../src/lab/rack.ts';
import { rackCatalog } from '../../src/lab/rack-catalog.ts';
import type { RailheadProcess } from '../../src/lab/railhead-process.ts';
import type { Firmware, VirtualMachine } from '../../src/lab/virtual-machine.ts';
import { parseMac } from '../../src/protocol/mac-address.ts';

// Whole boots with real parts only: firmware, iPXE, a Debian kernel and Ignition, in software emulation.

/** From power-on to the end; a boot takes 10 to 20 s here, and a loaded machine may need several times that. */
const BOOT_TIMEOUT_MS = 180_000;

let rack: Rack;

beforeAll(async () => {
  if (!canMakeNamespaces) throw new Error('these tests make network namespaces, which only root may');
  const missing = await missingPackages(RACK_REQUIREMENTS);
  if (missing.length > 0) throw new Error(`these tests need Debian packages: ${missing.join(' ')}`);
});

afterEach(() => rack.close());

function machine(name: string, firmware: Firmware): RackMachine {
  const number = name.replace(/\D/g, '').padStart(2, '0');
  return { name, firmware, mac: parseMac(`52:54:00:77:00:${number}`)! };
}

/** What the machine's own system says after Ignition: its host name, or why it failed. */
async function hostnameOf(booted: VirtualMachine): Promise<string | undefined> {
  const [, hostname] = await booted.console.waitForLine(/railhead-lab: hostname: (\S+)/, BOOT_TIMEOUT_MS);
  await booted.ended;
  return hostname;
}

/** The kinds of events of a machine, each once, in the order of the first. */
async function kindsFor(railhead: RailheadProcess, { mac }: RackMachine): Promise<string[]> {
  await railhead.waitForEvent(
    'of the report',
    (event) => event.kind === 'machine.report' && event.mac === mac,
    10_000,
  );
  const events = await railhead.eventsAfter(0);
  return [...new Set(events.filter((event) => event.mac === mac).map((event) => event.kind))];
}

describe('Railhead leases addresses', () => {
  test('BIOS: the iPXE of the network card', async () => {
    const node = machine('node1', 'bios');
    rack = await Rack.create();
    await rack.writeCatalog(rackCatalog([{ machine: node, role: 'web' }]));
    const railhead = await rack.startRailhead('full');
    expect(await hostnameOf(await rack.powerOn(node))).toBe('node1');
    const kinds = await kindsFor(railhead, node);
    expect(kinds).toEqual([
      'dhcp.offer',
      'dhcp.ack',
      'http.boot_script',
      'ipxe.sent',
      'http.asset',
      'ignition.sent',
      'machine.report',
    ]);
  });
});
