import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parse, stringify } from 'yaml';
import type { RackMachine } from '../../src/lab/rack.ts';

const PROFILES = path.resolve(import.meta.dirname, '../../profiles');
const TEMPLATES = ['base.bu', 'report.bu', 'install.bu', 'up.bu'];

/** What `flatcar-install` of the lab does on a machine. */
export type InstallerBehaviour = 'installs' | 'hangs' | 'restarts';

/** A machine of the catalog. */
export interface InstalledMachine {
  readonly machine: RackMachine;
  /** `arm` of its group. */
  readonly arm: 'auto' | 'manual';
  readonly installer: InstallerBehaviour;
}

/**
 * A catalog with the example profiles whose machines are installed once: `install` with `protect: session`, and
 * `installed` for the system that is written to the disk. Machines with the label `role: live` boot `live`.
 */
export async function installCatalog(machines: readonly InstalledMachine[]): Promise<Record<string, string>> {
  const files: Record<string, string> = {
    'profiles/install.yaml': await labProfile('install', { protect: 'session' }),
    'profiles/installed.yaml': await labProfile('installed'),
    'profiles/live.yaml': await labProfile('live'),
    'groups/live.yaml': 'id: live\nprofile: live\nselector: {role: live}\n',
  };
  for (const name of TEMPLATES) {
    files[`profiles/${name}`] = await readFile(path.join(PROFILES, name), 'utf8');
  }
  for (const arm of ['auto', 'manual'] as const) {
    files[`groups/${arm}.yaml`] = stringify({
      id: arm,
      profile: 'install',
      selector: { arm },
      ...(arm === 'auto' && { arm }),
      metadata: { install_disk: '/dev/vda' },
    });
    const selector = { arm, os: 'installed' };
    files[`groups/${arm}-installed.yaml`] = stringify({
      id: `${arm}-installed`,
      profile: 'installed',
      selector,
    });
  }
  for (const { arm, installer, machine } of machines) {
    const { mac, name } = machine;
    const record = { id: name, mac, labels: { arm }, metadata: { installer } };
    files[`machines/${name}.yaml`] = stringify(record);
  }
  return files;
}

/** An example profile, with what the test OS needs on its kernel command line. */
async function labProfile(id: string, more: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const text = await readFile(path.join(PROFILES, `${id}.yaml`), 'utf8');
  const profile = parse(text) as { boot?: { args: string[] } };
  profile.boot?.args.push('quiet', 'no_timer_check', 'railhead.installer={{default installer "installs"}}');
  return stringify({ ...profile, ...more });
}
