import { lstat, readlink, realpath } from 'node:fs/promises';
import path from 'node:path';
import type { Finding } from './finding.ts';

const UNIT = 'railhead.service';
/** Where the Debian package has its unit; the second one where /lib is not a link to /usr/lib. */
const PACKAGE_FOLDERS = ['usr/lib/systemd/system', 'lib/systemd/system'];
/** Folders whose units systemd prefers to those of packages, in its order (systemd.unit(5)). */
const PREFERRED_FOLDERS = ['etc/systemd/system', 'run/systemd/system', 'usr/local/lib/systemd/system'];

/**
 * Checks that no other unit file takes the place of the Debian package's, such as one that was copied there before the
 * package was installed: the service would run the old program, and upgrades would change nothing. No findings where
 * the package's unit is not installed. `root` is the root folder of the system.
 */
export async function checkUnit(root = '/'): Promise<Finding[]> {
  const check = 'unit';
  const own = await firstOf(PACKAGE_FOLDERS.map((folder) => path.join(root, folder, UNIT)));
  if (own === undefined) return [];
  const preferred = await firstOf(PREFERRED_FOLDERS.map((folder) => path.join(root, folder, UNIT)));
  if (preferred === undefined || (await isSameFile(preferred, own))) {
    return [{ check, verdict: 'ok', text: `systemd uses the unit of the package, ${own}` }];
  }
  if ((await readlink(preferred).catch(() => '')) === '/dev/null') {
    const text = `the service is masked by ${preferred}, so systemd does not start it`;
    return [{ check, verdict: 'warning', text, remedy: `systemctl unmask ${UNIT}` }];
  }
  const text = `systemd uses ${preferred} and not the unit of the package, ${own}: the service may run another program, and upgrades of the package do not change that`;
  const remedy = `remove it: rm ${preferred} && systemctl daemon-reload && systemctl restart railhead; settings of your own belong into: systemctl edit railhead`;
  return [{ check, verdict: 'warning', text, remedy }];
}

/** The first of these files that exists. */
async function firstOf(files: readonly string[]): Promise<string | undefined> {
  for (const file of files) {
    // lstat, since a link to a file that does not exist takes the unit's place as well.
    if ((await lstat(file).catch(() => undefined)) !== undefined) return file;
  }
  return undefined;
}

async function isSameFile(one: string, other: string): Promise<boolean> {
  const [first, second] = await Promise.all(
    [one, other].map((file) => realpath(file).catch(() => undefined)),
  );
  return first !== undefined && first === second;
}
