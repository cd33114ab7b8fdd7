import type { Config } from '../../ignition/config.ts';
import { findGzipFaults } from './gzip-check.ts';

/** Something that would fail at a machine's first boot, although the config is valid. */
export interface FirstBootWarning {
  /** The file, directory or link. */
  readonly path: string;
  readonly message: string;
}

/** Links of Flatcar's root file system that lead into /usr. */
const USR_LINKS = ['/bin', '/sbin', '/lib', '/lib32', '/lib64'];
/** The OEM partition, which is below /usr and writable. */
const OEM = '/usr/share/oem';

/**
 * Files that Flatcar ships in /etc (a layer below it, /usr/share/flatcar/etc), which Ignition finds there and refuses to
 * replace.
 */
const SHIPPED: ReadonlySet<string> = new Set(
  [
    ...[
      'bash/bashrc',
      'environment',
      'flatcar/update.conf',
      'group',
      'gshadow',
      'host.conf',
      'hosts',
      'issue',
    ],
    ...['localtime', 'login.defs', 'lsb-release', 'motd', 'nsswitch.conf', 'os-release', 'passwd', 'profile'],
    ...['protocols', 'resolv.conf', 'rpc', 'securetty', 'services', 'shadow', 'shells', 'ssh/ssh_config'],
    ...['ssh/sshd_config', 'sudoers'],
  ].map((name) => `/etc/${name}`),
);

/** Directories that Flatcar has, at which no file can be. */
const FOLDERS: ReadonlySet<string> = new Set([
  '/etc',
  '/etc/ssh',
  '/etc/systemd',
  '/etc/systemd/system',
  '/home',
  '/home/core',
  '/opt',
  '/root',
  '/var',
]);
/** File systems that the booted system mounts over what Ignition wrote. */
const MOUNTED_LATER = ['/dev', '/proc', '/run', '/sys'];

/**
 * Finds what Ignition will refuse on a Flatcar machine, as far as the config shows it: contents that are declared gzip
 * and cannot be unpacked, a file below a file, a file where Flatcar has a directory and the reverse, a path on the read-only /usr,
 * and a file that already exists; and what the booted system does not see. Cost is linear in the config.
 */
export function findFirstBootWarnings(config: Config): FirstBootWarning[] {
  const { files = [], directories = [], links = [], filesystems = [] } = config.storage ?? {};
  const warnings: FirstBootWarning[] = [];
  const filePaths = new Set(files.map(({ path = '' }) => path));
  const mounted = filesystems.flatMap(({ path }) => (path === undefined ? [] : [path]));
  for (const { path = '' } of [...files, ...directories, ...links]) {
    const above = findAbove(path, filePaths) ?? findAbove(path, SHIPPED);
    if (above !== undefined) {
      const which = filePaths.has(above) ? 'a file' : 'a file that Flatcar ships';
      warnings.push({
        path,
        message: `it is below ${above}, which is ${which}: Ignition fails at the first boot`,
      });
    }
    const hidden = MOUNTED_LATER.find((mount) => isBelow(path, mount));
    if (hidden !== undefined) {
      const message = `the system mounts ${hidden} anew when it boots, and does not see what Ignition writes there: set it by a unit, or below /etc`;
      warnings.push({ path, message });
    }
    if (isReadOnly(path) && !mounted.some((mount) => isBelow(path, mount))) {
      warnings.push({
        path,
        message:
          '/usr is read-only on Flatcar, so that Ignition fails at the first boot: put it below /opt, /etc or /var',
      });
    }
  }
  for (const { path = '' } of [...files, ...links]) {
    if (FOLDERS.has(path))
      warnings.push({
        path,
        message: 'Flatcar has a directory there, so that Ignition fails at the first boot',
      });
  }
  for (const { path = '', overwrite } of directories) {
    if (SHIPPED.has(path) && overwrite !== true)
      warnings.push({
        path,
        message:
          'Flatcar ships a file of this name, so that Ignition fails at the first boot: use another name',
      });
  }
  const replaced = [...files.filter(({ contents }) => contents?.source !== undefined), ...links];
  for (const { path = '', overwrite } of replaced) {
    if (!SHIPPED.has(path) || overwrite === true) continue;
    warnings.push({
      path,
      message:
        'Flatcar ships this file, and Ignition fails at the first boot where it exists: add "overwrite: true"',
    });
  }
  warnings.push(...findGzipFaults(config));
  return warnings;
}

function findAbove(path: string, files: ReadonlySet<string>): string | undefined {
  for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
    const above = path.slice(0, slash);
    if (files.has(above)) return above;
  }
  return undefined;
}

function isReadOnly(path: string): boolean {
  if (isBelow(path, OEM)) return false;
  return isBelow(path, '/usr') || USR_LINKS.some((link) => isBelow(path, link));
}

function isBelow(path: string, folder: string): boolean {
  return folder !== '/' && (path === folder || path.startsWith(`${folder}/`));
}
