import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A file that the rack needs, and its Debian package. */
export interface Requirement {
  readonly file: string;
  readonly package: string;
}

/** What the virtual rack needs. */
export const RACK_REQUIREMENTS: readonly Requirement[] = [
  { file: '/usr/bin/qemu-system-x86_64', package: 'qemu-system-x86' },
  { file: '/usr/lib/ipxe/qemu/pxe-virtio.rom', package: 'ipxe-qemu' },
  { file: '/usr/share/OVMF/OVMF_CODE_4M.fd', package: 'ovmf' },
  { file: '/usr/lib/ipxe/undionly.kpxe', package: 'ipxe' },
  { file: '/usr/lib/dracut/modules.d/30ignition/ignition', package: 'ignition' },
  { file: '/bin/busybox', package: 'busybox-static' },
  { file: '/bin/systemctl', package: 'systemd' },
  { file: '/usr/sbin/useradd', package: 'passwd' },
  { file: '/sbin/setfiles', package: 'policycoreutils' },
  { file: '/bin/ip', package: 'iproute2' },
  { file: '/usr/bin/curl', package: 'curl' },
];

/** The packages, without repetition, whose files are missing. */
export async function missingPackages(requirements: readonly Requirement[]): Promise<string[]> {
  const missing = new Set<string>();
  for (const { file, package: name } of requirements) {
    await access(file).catch(() => missing.add(name));
  }
  return [...missing];
}

/**
 * Installs packages with apt-get; its output goes to this program's standard error. Rejects with the command that
 * failed. For root only.
 */
export async function installPackages(packages: readonly string[]): Promise<void> {
  await updatePackageLists();
  await aptGet(['install', '-y', '-qq', '--no-install-recommends', ...packages]);
}

/** Updates apt's package lists. Rejects with the command that failed. For root only. */
export async function updatePackageLists(): Promise<void> {
  await aptGet(['update', '-qq']);
}

/** Whether apt has package lists, without which it can download nothing. */
export async function hasPackageLists(): Promise<boolean> {
  const { stdout } = await run('apt-cache', ['policy', 'linux-image-cloud-amd64']);
  return stdout.includes('Candidate:');
}

async function aptGet(args: readonly string[]): Promise<void> {
  const child = spawn('apt-get', args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`apt-get ${args.join(' ')} ended with status ${code}`);
}
