import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { type CpioEntry, packCpio } from './cpio-archive.ts';
import { fetchKernelPackage, type KernelPackage, resolveModules } from './kernel-package.ts';
import { type Program, programEntries } from './program-entries.ts';
import { TEST_OS_INIT } from './test-os-init.ts';
import { TEST_OS_SCRIPTS } from './test-os-scripts.ts';

const run = promisify(execFile);

/** The files of the test OS. */
export interface TestOs {
  readonly kernel: string;
  /** The initramfs that boots over the network in place of Flatcar's, with the same Ignition inside. */
  readonly initrd: string;
  /** The initramfs of an installed system: the same without Ignition. */
  readonly installedInitrd: string;
}

const SHELLS: readonly Program[] = [
  { from: '/bin/busybox', to: 'bin/busybox' },
  { from: '/bin/bash', to: 'bin/bash' },
];

const IGNITION_AND_ITS_PROGRAMS: readonly Program[] = [
  { from: '/usr/lib/dracut/modules.d/30ignition/ignition', to: 'usr/bin/ignition' },
  // Ignition calls these for the passwd section of a config.
  { from: '/usr/sbin/useradd', to: 'usr/sbin/useradd' },
  { from: '/usr/sbin/usermod', to: 'usr/sbin/usermod' },
  { from: '/usr/sbin/userdel', to: 'usr/sbin/userdel' },
  { from: '/usr/sbin/groupadd', to: 'usr/sbin/groupadd' },
  { from: '/usr/sbin/groupdel', to: 'usr/sbin/groupdel' },
  // The same for units that a config disables.
  { from: '/usr/bin/systemctl', to: 'usr/bin/systemctl' },
  // At the end Ignition labels for SELinux everything that it wrote.
  { from: '/sbin/setfiles', to: 'usr/sbin/setfiles' },
];

const ALL_PROGRAMS = [...SHELLS, ...IGNITION_AND_ITS_PROGRAMS];

const KERNEL_MODULES = ['virtio_pci', 'virtio_net', 'virtio_blk', 'virtio_rng', 'qemu_fw_cfg'];

/** The contents of the root file system before Ignition runs: the accounts of Flatcar. */
const BASE_ROOT: Readonly<Record<string, string>> = {
  'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\ncore:x:500:500:Flatcar Admin:/home/core:/bin/sh\n',
  'etc/group': 'root:x:0:\nwheel:x:10:core\ndocker:x:233:core\nsudo:x:150:core\ncore:x:500:\n',
  'etc/shadow': 'root:*:15887:0:::::\ncore:*:15887:0:::::\n',
  'etc/gshadow': 'root:*::\nwheel:*::core\ndocker:*::core\nsudo:*::core\ncore:*::\n',
  'etc/nsswitch.conf': 'passwd: files\ngroup: files\nshadow: files\nhosts: files\n',
  // Ignition labels this file too, whether or not it locked the accounts.
  'etc/.pwd.lock': '',
  'etc/selinux/config': 'SELINUX=disabled\nSELINUXTYPE=mcs\n',
  'etc/selinux/mcs/contexts/files/file_contexts': '/.* system_u:object_r:unlabeled_t:s0\n',
  'etc/login.defs': 'UID_MIN 1000\nUID_MAX 60000\nGID_MIN 1000\nGID_MAX 60000\nCREATE_HOME yes\n',
};

/**
 * Builds the test OS in `cacheDir`, or returns an earlier build from the same parts. Needs the packages of
 * `debian-packages.ts`; rejects with the name of what is missing.
 */
export async function buildTestOs(cacheDir: string): Promise<TestOs> {
  const kernel = await fetchKernelPackage(cacheDir);
  const id = await fingerprint(kernel);
  const folder = path.join(cacheDir, `test-os-${id}`);
  const os = {
    kernel: path.join(folder, 'vmlinuz'),
    initrd: path.join(folder, 'initrd.img'),
    installedInitrd: path.join(folder, 'installed-initrd.img'),
  };
  // Written last, and renamed when it is complete, so that an interrupted build is not used.
  if (await exists(os.initrd)) return os;
  await mkdir(folder, { recursive: true });
  await copyFile(kernel.image, os.kernel);
  await writeFile(os.installedInitrd, await initramfs(kernel, SHELLS));
  await writeFile(`${os.initrd}.part`, await initramfs(kernel, ALL_PROGRAMS));
  await rename(`${os.initrd}.part`, os.initrd);
  return os;
}

async function initramfs(kernel: KernelPackage, programs: readonly Program[]): Promise<Buffer> {
  const files = new Map<string, CpioEntry>();
  const addFile = (to: string, content: Buffer | string, mode = 0o644): void => {
    files.set(to, { kind: 'file', path: to, content: Buffer.from(content), mode });
  };
  addFile('init', TEST_OS_INIT, 0o755);
  for (const [file, content] of Object.entries(TEST_OS_SCRIPTS)) addFile(file, content, 0o755);
  for (const [file, content] of Object.entries(BASE_ROOT)) {
    addFile(file, content);
    addFile(`sysroot.base/${file}`, content, file.includes('shadow') ? 0o600 : 0o644);
  }
  for (const program of programs) {
    for (const entry of await programEntries(program)) files.set(entry.path, entry);
  }
  const { stdout } = await run('/bin/busybox', ['--list']);
  for (const applet of stdout.split('\n')) {
    if (applet === '' || applet === 'busybox') continue;
    files.set(`bin/${applet}`, { kind: 'link', path: `bin/${applet}`, target: 'busybox' });
  }
  const modules = await resolveModules(kernel, KERNEL_MODULES);
  for (const file of modules) addFile(`lib/modules/${path.basename(file)}`, await readFile(file));
  addFile('lib/modules/order', modules.map((file) => `${path.basename(file)}\n`).join(''));
  const entries: CpioEntry[] = [
    ...foldersOf(files.keys()),
    { kind: 'character-device', path: 'dev/console', major: 5, minor: 1 },
    ...files.values(),
  ];
  return promisify(gzip)(packCpio(entries), { level: 6 });
}

/** All folders that these files need and the mount points, outer ones first. */
function foldersOf(paths: Iterable<string>): CpioEntry[] {
  const mountPoints = [
    'dev',
    'proc',
    'run',
    'sys',
    'sysroot',
    'tmp',
    'sysroot.base/home/core',
    'sysroot.base/opt',
  ];
  const folders = new Set<string>();
  const add = (folder: string): void => {
    if (folder === '.' || folders.has(folder)) return;
    add(path.dirname(folder));
    folders.add(folder);
  };
  for (const folder of mountPoints) add(folder);
  for (const file of paths) add(path.dirname(file));
  return [...folders].map((folder) => ({ kind: 'directory', path: folder }));
}

/** Changes with every part of the test OS. */
async function fingerprint(kernel: KernelPackage): Promise<string> {
  const hash = createHash('sha256');
  hash.update(
    JSON.stringify([kernel.release, KERNEL_MODULES, TEST_OS_INIT, TEST_OS_SCRIPTS, BASE_ROOT, SHELLS]),
  );
  for (const { from, to } of ALL_PROGRAMS) {
    const { mtimeMs, size } = await stat(from).catch(() => {
      throw new Error(`the test OS needs ${from}, which is not installed`);
    });
    hash.update(`${to} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex').slice(0, 12);
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
