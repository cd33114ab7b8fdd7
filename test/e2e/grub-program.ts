import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Rack } from '../../src/lab/rack.ts';
import type { RailheadProcess } from '../../src/lab/railhead-process.ts';

/** What `startWithGrub` needs. */
export const GRUB_REQUIREMENTS = [
  { file: '/usr/bin/grub-mkimage', package: 'grub-common' },
  { file: '/usr/lib/grub/x86_64-efi/http.mod', package: 'grub-efi-amd64-bin' },
];

/** The modules that GRUB needs to boot from the network or to start a disk, without a configuration of its own. */
const MODULES = [
  ...['normal', 'configfile', 'net', 'efinet', 'tftp', 'http', 'linux', 'linuxefi', 'boot'],
  ...['echo', 'sleep', 'test', 'true', 'regexp', 'smbios', 'minicmd', 'terminal', 'serial'],
  ...['chain', 'part_gpt', 'part_msdos', 'fat', 'search', 'search_fs_file'],
];

/** Starts Railhead with GRUB, as Debian builds it, as the only boot program for UEFI. */
export async function startWithGrub(
  rack: Rack,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<RailheadProcess> {
  const programs = path.join(rack.catalog, 'assets/boot');
  await mkdir(programs, { recursive: true });
  const output = path.join(programs, 'grubx64.efi');
  await promisify(execFile)('grub-mkimage', [
    '-O', 'x86_64-efi', '-o', output, '-p', '/grub', ...MODULES,
  ]); // prettier-ignore
  return rack.startRailhead('full', { boot_programs: { dirs: [] }, ...settings });
}
