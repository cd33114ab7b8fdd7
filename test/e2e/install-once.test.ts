import { truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { MachineShownView } from '../../src/api/schemas/machine.ts';
import { Rack, type RackMachine } from '../../src/lab/rack.ts';
import type { RailheadProcess } from '../../src/lab/railhead-process.ts';
import { BOOT_TIMEOUT_MS, machine, requirePackages, requireRackParts } from './boot-steps.ts';
import { DISK_REQUIREMENTS } from './bootable-disk.ts';
import { RELEASE, writeFlatcarAssets } from './flatcar-tools.ts';
import { installCatalog, type InstalledMachine } from './install-catalog.ts';
import { runMachines } from './machines-command.ts';

// Machines with an empty disk and the network first in their boot order boot the example profiles: what the installer
// does, and how often. They are all in one rack with one server, two of them switched on at the same time. The scripts of
// the profiles run as they are; only `flatcar-install` and what it writes are of the lab.

const IS_UP = /railhead-lab: reported: up/;
const BEGINS = /installer: begins/;
const HALF_WRITTEN = /installer: half written/;
/** The smallest disk that the installer accepts; hardly anything is written to it. */
const DISK_BYTES = 8_000_000_000;
const RESTARTS = 3;

const BIOS = { machine: machine('node1', 'bios'), arm: 'auto', installer: 'installs' } as const;
const UEFI = { machine: machine('node2', 'uefi'), arm: 'manual', installer: 'installs' } as const;
const HANGING = { machine: machine('node3', 'bios'), arm: 'manual', installer: 'hangs' } as const;
const LOOPING = {
  machine: machine('node4', 'bios'),
  arm: 'manual',
  installer: 'restarts',
} as const;

const LIVE = machine('node5', 'bios');

let rack: Rack;
let railhead: RailheadProcess;

beforeAll(async () => {
  await requireRackParts();
  await requirePackages(DISK_REQUIREMENTS);
  rack = await Rack.create();
  await writeFlatcarAssets(rack);
  await rack.writeCatalog({
    ...(await installCatalog([BIOS, UEFI, HANGING, LOOPING])),
    'machines/node5.yaml': `id: node5\nmac: "${LIVE.mac}"\nlabels: {role: live}\n`,
  });
  railhead = await rack.startRailhead('full');
});

afterAll(() => rack.close());

describe.concurrent('a machine with `lifecycle: install` and `protect: session`', () => {
  test.each<InstalledMachine>([UEFI, BIOS])(
    '$machine.firmware, arm: $arm: is installed once, stays on its disk, and once more after `reinstall`',
    { timeout: 900_000 },
    async ({ arm, machine: node }) => {
      const { name } = node;
      if (arm === 'manual') await runMachines(rack, 'arm', name);
      const booted = await rack.powerOn(await withEmptyDisk(node));
      await booted.console.waitForLine(IS_UP, BOOT_TIMEOUT_MS);
      for (let restart = 1; restart <= RESTARTS; restart += 1) {
        booted.type('restart');
        await booted.console.waitForLine(IS_UP, BOOT_TIMEOUT_MS, restart + 1);
      }
      expect(await shown(node)).toMatchObject({
        state: 'installed',
        installation: { release: RELEASE, disk: '/dev/vda' },
      });
      expect(await installations(node)).toEqual({ begun: 1, installed: 1, up: RESTARTS + 1 });

      await runMachines(rack, 'reinstall', name, '--confirm', name);
      booted.type('restart');
      await booted.console.waitForLine(IS_UP, BOOT_TIMEOUT_MS, RESTARTS + 2);
      booted.type('restart');
      await booted.console.waitForLine(IS_UP, BOOT_TIMEOUT_MS, RESTARTS + 3);
      expect((await shown(node)).state).toBe('installed');
      expect(await installations(node)).toEqual({ begun: 2, installed: 2, up: RESTARTS + 3 });
      expect(booted.console.tail().filter((line) => BEGINS.test(line))).toHaveLength(2);
    },
  );

  test('powered off in the middle: is on its next attempt, and has failed when none is left', async () => {
    const node = await withEmptyDisk(HANGING.machine);
    await runMachines(rack, 'arm', node.name, '--attempts', '2');
    for (const attempt of [1, 2]) {
      const booted = await rack.powerOn(node);
      await booted.console.waitForLine(HALF_WRITTEN, BOOT_TIMEOUT_MS);
      expect((await shown(node)).state).toBe('installing');
      expect(await installations(node)).toEqual({ begun: attempt, installed: 0, up: 0 });
      await booted.stop();
    }
    const booted = await rack.powerOn(node);
    await booted.console.waitForLine(
      /machine node3 has failed: it restarted during the installation/,
      BOOT_TIMEOUT_MS,
    );
    await booted.console.waitForLine(/To let it go on: railhead machines arm node3/, BOOT_TIMEOUT_MS);
    expect((await shown(node)).state).toBe('failed');
    expect((await installations(node)).begun).toBe(2);
    await booted.stop();
  });

  test('that begins again and again is stopped after three installations, though attempts are left', async () => {
    const node = await withEmptyDisk(LOOPING.machine);
    await runMachines(rack, 'arm', node.name, '--attempts', '9');
    const booted = await rack.powerOn(node);
    await booted.console.waitForLine(/began 3 installations within an hour/, BOOT_TIMEOUT_MS);
    await booted.console.waitForLine(/To let it go on: railhead machines clear node4/, BOOT_TIMEOUT_MS);
    expect(booted.console.tail().filter((line) => BEGINS.test(line))).toHaveLength(3);
    expect((await installations(node)).begun).toBe(3);
    expect((await shown(node)).state).toBe('failed');
    await booted.stop();
  });
});

test.concurrent(
  'the example profile `live` reports that it is up, and the hardware of the machine',
  async () => {
    const booted = await rack.powerOn(LIVE);
    await booted.console.waitForLine(/railhead-lab: done/, BOOT_TIMEOUT_MS);
    await booted.ended;
    const { confirmed, hardware, reports, state } = await shown(LIVE);
    expect({ confirmed, state }).toEqual({ confirmed: true, state: 'live' });
    expect(reports).toContainEqual(expect.objectContaining({ status: 'up', release: RELEASE }));
    expect(hardware?.facts).toMatchObject({
      system: { vendor: 'Railhead', product: 'Virtual rack', serial: 'LAB-525400770005' },
      nics: [{ mac: LIVE.mac, driver: 'virtio_net' }],
    });
  },
);

async function withEmptyDisk(node: RackMachine): Promise<RackMachine> {
  const disk = path.join(rack.folder, `${node.name}.disk`);
  await writeFile(disk, '');
  await truncate(disk, DISK_BYTES);
  return { ...node, disk, restarts: true };
}

/** What `railhead machines show` says. */
async function shown({ name }: RackMachine): Promise<MachineShownView> {
  return JSON.parse(await runMachines(rack, 'show', name, '--json')) as MachineShownView;
}

/** How many installations the server saw begin, by the configs that it sent, and what the machine reported. */
async function installations({ mac }: RackMachine) {
  const events = (await railhead.eventsAfter(0)).filter((event) => event.mac === mac);
  const reports = (status: string): number =>
    events.filter(({ detail, kind }) => kind === 'machine.report' && detail['status'] === status).length;
  const begun = events.filter(
    ({ detail, kind }) => kind === 'ignition.sent' && detail['profile'] === 'install',
  ).length;
  return { begun, installed: reports('installed'), up: reports('up') };
}
