import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** It depends on the newest kernel for virtual machines: small, with virtio drivers. */
const META_PACKAGE = 'linux-image-cloud-amd64';

/** A Debian kernel, unpacked but not installed. */
export interface KernelPackage {
  /** The kernel's release, as `uname -r` prints it. */
  readonly release: string;
  /** Path of the bootable kernel. */
  readonly image: string;
  /** The folder that contains `kernel/drivers/...`. */
  readonly modulesDir: string;
}

/**
 * Debian's kernel for virtual machines, downloaded by apt into `cacheDir` unless it is already there. Nothing is
 * installed. Rejects with apt's message if the package lists are missing or no mirror answers.
 */
export async function fetchKernelPackage(cacheDir: string): Promise<KernelPackage> {
  const unpacked = path.join(cacheDir, 'kernel');
  const present = await findKernel(unpacked);
  if (present !== undefined) return present;
  await mkdir(cacheDir, { recursive: true });
  const work = await mkdtemp(path.join(cacheDir, 'download-'));
  try {
    const { stdout } = await run('apt-cache', ['depends', '--important', META_PACKAGE]);
    const name = /Depends: (linux-image-\S+)/.exec(stdout)?.[1];
    if (name === undefined) {
      throw new Error(`apt knows no package ${META_PACKAGE}; run apt-get update and try again`);
    }
    // Apt's unprivileged user cannot write here, about which apt only warns.
    await run('apt-get', ['download', '-qq', '-o', 'APT::Sandbox::User=root', name], { cwd: work });
    const archive = (await readdir(work)).find((file) => file.endsWith('.deb'));
    if (archive === undefined) throw new Error(`apt-get download ${name} left no package`);
    await run('dpkg-deb', ['-x', path.join(work, archive), path.join(work, 'unpacked')]);
    await rm(unpacked, { recursive: true, force: true });
    await rename(path.join(work, 'unpacked'), unpacked);
  } catch (error) {
    throw new Error(`get a kernel for the test OS: ${(error as Error).message}`, { cause: error });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  const kernel = await findKernel(unpacked);
  if (kernel === undefined) throw new Error(`no kernel in ${unpacked}; remove that folder and try again`);
  return kernel;
}

async function findKernel(unpacked: string): Promise<KernelPackage | undefined> {
  const files = await readdir(path.join(unpacked, 'boot')).catch(() => []);
  const image = files.find((file) => file.startsWith('vmlinuz-'));
  if (image === undefined) return undefined;
  const release = image.slice('vmlinuz-'.length);
  return {
    release,
    image: path.join(unpacked, 'boot', image),
    modulesDir: path.join(unpacked, 'lib/modules', release),
  };
}

/**
 * The files of these kernel modules and of their dependencies, in the order in which they can be loaded. Throws for a
 * module that the kernel does not have.
 */
export async function resolveModules(kernel: KernelPackage, wanted: readonly string[]): Promise<string[]> {
  const files = new Map<string, string>();
  for (const entry of await readdir(kernel.modulesDir, { recursive: true })) {
    if (entry.endsWith('.ko')) files.set(moduleName(entry), path.join(kernel.modulesDir, entry));
  }
  const ordered = new Set<string>();
  const add = async (name: string): Promise<void> => {
    const file = files.get(name);
    if (file === undefined) throw new Error(`kernel ${kernel.release} has no module ${name}`);
    if (ordered.has(file)) return;
    for (const needed of await neededModules(file)) await add(needed);
    ordered.add(file);
  };
  for (const name of wanted) await add(name);
  return [...ordered];
}

function moduleName(file: string): string {
  return path.basename(file, '.ko').replaceAll('-', '_');
}

/** A module lists its dependencies in its .modinfo section, as a NUL-terminated text. */
async function neededModules(file: string): Promise<string[]> {
  const text = (await readFile(file)).toString('latin1');
  const names = /\0depends=([^\0]*)\0/.exec(text)?.[1] ?? '';
  return names === '' ? [] : names.split(',').map((name) => name.replaceAll('-', '_'));
}
