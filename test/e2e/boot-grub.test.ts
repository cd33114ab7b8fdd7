import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { Rack } from '../../src/lab/rack.ts';
import { RACK_PROFILE, rackCatalog } from '../../src/lab/rack-catalog.ts';
import type { RailheadProcess } from '../../src/lab/railhead-process.ts';
import type { Firmware } from '../../src/lab/virtual-machine.ts';
import { hostnameOf, machine, requirePackages, requireRackParts, stepsOf } from './boot-steps.ts';
import { GRUB_REQUIREMENTS, startWithGrub } from './grub-program.ts';

// UEFI machines whose only boot program is GRUB, as Debian builds it: from power-on through /grub to Ignition.

/**
 * GRUB loads a kernel and its initrd by HTTP in small pieces, which takes an emulated machine on a busy host minutes.
 */
const TIMEOUT_MS = 400_000;
const TEST_TIMEOUT_MS = 450_000;

let rack: Rack;

beforeAll(async () => {
  await requireRackParts();
  await requirePackages(GRUB_REQUIREMENTS);
});

beforeEach(async () => {
  rack = await Rack.create();
});

afterEach(() => rack.close());

/** The configuration files of GRUB that the server was asked for, by TFTP or HTTP. */
function configFilesAsked({ log }: RailheadProcess): string[] {
  const lines = log.map((line) => JSON.parse(line) as { readonly file?: string; readonly url?: string });
  const asked = lines.map(({ file, url }) => /[^/]*grub\.cfg.*/.exec(file ?? url ?? '')?.[0]);
  return [...new Set(asked.filter((name) => name !== undefined))];
}

// Over TFTP GRUB searches for names that identify the machine, the first one with the UUID in the byte order of option
// 97; over HTTP it asks for one name.
test.each<{ firmware: Firmware; loaded: string; configFile: string }>([
  { firmware: 'uefi', loaded: 'tftp.sent', configFile: 'grub.cfg-6c696172-6568-6441-8000-525400770001' },
  { firmware: 'uefi-http', loaded: 'http.boot_program', configFile: 'grub.cfg' },
])(
  '$firmware: GRUB finds the config of a declared machine by itself',
  { timeout: TEST_TIMEOUT_MS },
  async ({ configFile, firmware, loaded }) => {
    const node = machine('node1', firmware);
    await rack.writeCatalog(rackCatalog([{ machine: node, role: 'web' }]));
    const railhead = await startWithGrub(rack);
    const booted = await rack.powerOn(node);
    expect(await hostnameOf(booted, TIMEOUT_MS)).toBe('node1');
    const steps = await stepsOf(railhead, node);
    expect(steps).toEqual(expect.arrayContaining([loaded, 'http.asset', 'ignition.sent', 'machine.report']));
    expect(configFilesAsked(railhead)).toEqual([configFile]);
  },
);

test(
  'a machine without a record is led to /grub with everything that GRUB knows about it',
  { timeout: TEST_TIMEOUT_MS },
  async () => {
    const node = machine('node2', 'uefi');
    await rack.writeCatalog({
      ...RACK_PROFILE,
      'groups/by-serial.yaml': `id: by-serial
profile: test-os
selector: {serial: LAB-525400770002, uuid: 7261696c-6865-4164-8000-525400770002, mac: "${node.mac}"}
metadata: {hostname: known-by-serial, role: web, ssh_key: ssh-ed25519 AAAA}
`,
    });
    const railhead = await startWithGrub(rack);
    const booted = await rack.powerOn(node);
    expect(await hostnameOf(booted, TIMEOUT_MS)).toBe('known-by-serial');
    const steps = await stepsOf(railhead, node);
    expect(steps).toEqual(expect.arrayContaining(['tftp.sent', 'grub.sent', 'http.asset', 'ignition.sent']));
  },
);
