import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Rack, type RackMachine } from '../../src/lab/rack.ts';
import { RACK_PROFILE, rackCatalog } from '../../src/lab/rack-catalog.ts';
import type { Firmware } from '../../src/lab/virtual-machine.ts';
import { BOOT_TIMEOUT_MS, machine, requirePackages, requireRackParts } from './boot-steps.ts';
import { DISK_REQUIREMENTS, writeBootableDisk } from './bootable-disk.ts';
import { GRUB_REQUIREMENTS, startWithGrub } from './grub-program.ts';
import { installCatalog } from './install-catalog.ts';
import { runMachines } from './machines-command.ts';

let rack: Rack;

beforeAll(async () => {
  await requireRackParts();
  await requirePackages([...DISK_REQUIREMENTS, ...GRUB_REQUIREMENTS]);
});

beforeEach(async () => {
  rack = await Rack.create();
});

afterEach(() => rack.close());

describe('a machine boots from its own disk', () => {
  test('when it is disabled: it gets an address and no boot options', async () => {
    const node = await withDisk(machine('node1', 'bios'));
    const catalog = rackCatalog([{ machine: node, role: 'web' }]);
    const record = 'machines/node1.yaml';
    await rack.writeCatalog({ ...catalog, [record]: `${catalog[record]}disabled: true\n` });
    const railhead = await rack.startRailhead('full');
    const booted = await rack.powerOn(node);
    await booted.console.waitForLine(/started from the disk/, BOOT_TIMEOUT_MS);
    const isLeased = ({ kind, mac }: { kind: string; mac?: string | undefined }): boolean =>
      kind === 'dhcp.ack' && mac === node.mac;
    await railhead.waitForEvent('of a lease', isLeased, 10_000);
    const events = await railhead.eventsAfter(0);
    expect(new Set(events.map(({ kind }) => kind))).toEqual(new Set(['dhcp.offer', 'dhcp.ack']));
  });

  test('when no group selects it, and `unmatched` is `local`', async () => {
    const stranger = await withDisk(machine('node9', 'bios'));
    await rack.writeCatalog(RACK_PROFILE);
    const railhead = await rack.startRailhead('full', { unmatched: 'local' });
    const booted = await rack.powerOn(stranger);
    await booted.console.waitForLine(/52:54:00:77:00:09: booting from the local disk/, BOOT_TIMEOUT_MS);
    await booted.console.waitForLine(/started from the disk/, BOOT_TIMEOUT_MS);
    await railhead.waitForEvent('of a discovery', (event) => event.kind === 'machine.discovered', 10_000);
  });

  test.each<{ firmware: Firmware; loaded: string; restarts: number }>([
    { firmware: 'uefi', loaded: 'tftp.sent', restarts: 1 },
    { firmware: 'uefi-http', loaded: 'http.boot_program', restarts: 0 },
  ])(
    '$firmware: iPXE ends, and the firmware goes on with its boot order, at $restarts restarts too',
    async ({ firmware, loaded, restarts }) => {
      const disk = path.join(rack.folder, 'node1.disk');
      await writeBootableDisk(disk, rack.os);
      await rack.writeCatalog(RACK_PROFILE);
      const railhead = await rack.startRailhead('full', { unmatched: 'local' });
      const booted = await rack.powerOn({ ...machine('node1', firmware), disk, restarts: true });
      const fromDisk = /railhead-lab: booted from disk/;
      await booted.console.waitForLine(fromDisk, BOOT_TIMEOUT_MS);
      const kinds = (await railhead.eventsAfter(0)).map(({ kind }) => kind);
      expect(kinds).toEqual(expect.arrayContaining([loaded, 'boot.local']));
      for (let restart = 1; restart <= restarts; restart += 1) {
        booted.type('restart');
        await booted.console.waitForLine(fromDisk, BOOT_TIMEOUT_MS, restart + 1);
      }
    },
  );

  // GRUB would end without an error, at which OVMF opens its setup menu.
  test('uefi: GRUB starts the disk itself, of an installed machine and where `unmatched` is `local`', async () => {
    const [installed, stranger] = [machine('node1', 'uefi'), machine('node9', 'uefi')];
    await rack.writeCatalog(
      await installCatalog([{ machine: installed, arm: 'manual', installer: 'installs' }]),
    );
    const railhead = await startWithGrub(rack, { unmatched: 'local' });
    await runMachines(rack, 'adopt', installed.name);
    const boots = [installed, stranger].map(async (node) => {
      const disk = path.join(rack.folder, `${node.name}.disk`);
      await writeBootableDisk(disk, rack.os);
      const booted = await rack.powerOn({ ...node, disk });
      await booted.console.waitForLine(/railhead-lab: booted from disk/, BOOT_TIMEOUT_MS);
      const local = await railhead.waitForEvent(
        'of the local boot',
        ({ kind, mac }) => kind === 'boot.local' && mac === node.mac,
        10_000,
      );
      return local.summary;
    });
    expect(await Promise.all(boots)).toEqual([
      'machine node1 is installed',
      'no group selects MAC 52:54:00:77:00:09',
    ]);
  });
});

/**
 * Gives a machine a disk whose boot sector prints a line on the serial port and stops:
 *
 *     7c00  cld; xor ax, ax; mov ds, ax; mov si, 7c16h
 *     7c08  lodsb; test al, al; jz 7c13h; mov dx, 3f8h; out dx, al; jmp 7c08h
 *     7c13  hlt; jmp 7c13h
 *     7c16  the text, to its NUL
 */
async function withDisk(node: RackMachine): Promise<RackMachine> {
  const sector = Buffer.alloc(512);
  sector.write('fc31c08ed8be167c' + 'ac84c07406baf803eeebf5' + 'f4ebfd', 'hex');
  sector.write('\r\nstarted from the disk\r\n\0', 0x16, 'latin1');
  sector.writeUInt16BE(0x55aa, 510);
  const disk = path.join(rack.folder, `${node.name}.disk`);
  await writeFile(disk, Buffer.concat([sector, Buffer.alloc((1 << 20) - sector.length)]));
  return { ...node, disk };
}
