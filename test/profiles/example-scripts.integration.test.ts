import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseReport } from '../../src/provision/machines/reports/parse-report.ts';
import type { MachineReport } from '../../src/provision/machines/reports/machine-report.ts';
import { PROGRAM } from '../support/program.ts';

// The scripts of the example profiles, rendered by the built program and run by bash against a server that reads their
// reports as Railhead does. Tools that only Flatcar has, or that change the machine, are replaced.

const PROFILES = path.resolve(import.meta.dirname, '../../profiles');
const ROLES = ['install', 'installed', 'live', 'rescue', 'reset'];

/** What the server has at each path; anything else is 404. */
let files: Record<string, string>;
let reports: MachineReport[];
let notes: string[];
let server: Server;
let origin: string;
let directory: string;

beforeEach(async () => {
  files = {};
  reports = [];
  notes = [];
  directory = mkdtempSync(path.join(tmpdir(), 'railhead-scripts-'));
  server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://x');
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      if (url.pathname === '/report') {
        const parsed = parseReport({
          rawQuery: url.search.slice(1),
          contentType: request.headers['content-type'],
          body,
        });
        expect(parsed.fault).toBeUndefined();
        reports.push(parsed.report);
        notes.push(...parsed.notes);
        response.end('noted\n');
        return;
      }
      const file = files[url.pathname];
      response.statusCode = file === undefined ? 404 : 200;
      response.end(file);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(() => {
  server.close();
});

interface Contents {
  readonly compression?: string;
  readonly source: string;
}

interface IgnitionFiles {
  readonly storage: { readonly files: readonly { path: string; contents: Contents }[] };
}

/** The files that the config of a machine with this role writes, by path. */
function filesOf(role: string, metadata = 'install_disk: /dev/vda'): Map<string, string> {
  const tree = path.join(directory, `tree-${role}`);
  cpSync(PROFILES, path.join(tree, 'profiles'), { recursive: true });
  mkdirSync(path.join(tree, 'groups'));
  const group = `id: g\nprofile: ${role}\nselector: {role: ${role}}\nmetadata: {${metadata}}\n`;
  writeFileSync(path.join(tree, 'groups/g.yaml'), group);
  const query = ['--mac', '52:54:00:00:00:01', '--label', `role=${role}`, '--url', origin, '--dir', tree];
  const { stderr, stdout } = spawnSync(process.execPath, [PROGRAM, 'render', 'ignition', ...query], {
    encoding: 'utf8',
    cwd: tree,
  });
  if (stdout === '') throw new Error(stderr);
  const config = JSON.parse(stdout) as IgnitionFiles;
  return new Map(config.storage.files.map(({ contents, path: name }) => [name, decode(contents)]));
}

/** Butane compresses what becomes shorter by it. */
function decode({ compression, source }: Contents): string {
  const bytes = source.includes(';base64,')
    ? Buffer.from(source.slice(source.indexOf(',') + 1), 'base64')
    : Buffer.from(decodeURIComponent(source.slice(source.indexOf(',') + 1)));
  return (compression === 'gzip' ? gunzipSync(bytes) : bytes).toString('utf8');
}

/** Writes what is below /opt/railhead into a directory of the test; returns that. */
function unpack(role: string, metadata?: string): string {
  const place = path.join(directory, 'railhead');
  mkdirSync(place);
  for (const [name, text] of filesOf(role, metadata)) {
    if (!name.startsWith('/opt/railhead/')) continue;
    writeFileSync(path.join(place, path.basename(name)), text);
    chmodSync(path.join(place, path.basename(name)), 0o755);
  }
  return place;
}

/** Puts programs before those of the system; each is the text of a shell script. */
function replace(programs: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const bin = path.join(directory, 'bin');
  mkdirSync(bin);
  for (const [name, text] of Object.entries(programs)) {
    writeFileSync(path.join(bin, name), `#!/bin/bash\n${text}\n`, { mode: 0o755 });
  }
  return { ...process.env, PATH: `${bin}:${process.env['PATH'] ?? ''}`, RAILHEAD_RETRIES: '0' };
}

/** Runs a script; resolves with its exit status. */
function run(script: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const child = spawn(script, args, { env, stdio: ['ignore', 'ignore', 'inherit'] });
    child.on('error', reject).on('close', resolve);
  });
}

test.each(ROLES)('shellcheck finds nothing in the scripts of %s', (role) => {
  const scripts = [...filesOf(role)].filter(([, text]) => text.startsWith('#!/bin/bash'));
  expect(scripts).toHaveLength(3);
  for (const [name, text] of scripts) {
    const { error, stdout } = spawnSync('shellcheck', ['-'], { input: text, encoding: 'utf8' });
    if (error !== undefined) throw error;
    expect(stdout, name).toBe('');
  }
});

describe('the reset of an installed system', () => {
  const programs = {
    lsblk: 'printf "/dev/vda \\n/dev/vda1 EFI-SYSTEM\\n/dev/vda6 OEM\\n/dev/vda9 ROOT\\n"',
    // The partitions are folders of the test.
    mount: 'rmdir "$2" && ln -s "$TEST_DIRECTORY/${1#/dev/}" "$2"',
    umount: 'rm "$1"',
    sync: '',
    systemctl: 'echo "$@" >"$TEST_DIRECTORY/systemctl"',
  };
  const CONFIG = '{"ignition":{"version":"3.3.0"}}';
  const partition = (name: string): string => path.join(directory, name);
  const written = (name: string): string => readFileSync(path.join(directory, name), 'utf8');

  async function reset(
    metadata: string,
    changed: Readonly<Record<string, string>> = {},
  ): Promise<[number | null, string[]]> {
    files = { '/ignition': CONFIG };
    mkdirSync(partition('vda1'));
    mkdirSync(partition('vda6'));
    mkdirSync(partition('vda9/etc'), { recursive: true });
    writeFileSync(partition('vda9/etc/machine-id'), '0123456789abcdef0123456789abcdef\n');
    writeFileSync(
      partition('vda6/grub.cfg'),
      'set linux_append="$linux_append ignition.config.url=http://old/"\nset linux_console="console=ttyS1"\n',
    );
    const env = { ...replace({ ...programs, ...changed }), TEST_DIRECTORY: directory };
    const status = await run(path.join(unpack('reset', metadata), 'reset'), [], env);
    return [status, reports.map(({ phase, status: word }) => `${word} ${phase}`)];
  }

  test('puts the new config onto the disk, and says what Flatcar keeps', async () => {
    const [status, told] = await reset(
      'install_disk: /dev/vda, reset_keep: ["/etc/ssh/ssh_host_.*", /var/log/]',
    );
    expect(status).toBe(0);
    expect(told).toEqual(['progress started', 'progress config', 'progress written', 'installed rebooting']);
    expect(reports.at(-1)).toMatchObject({ disk: '/dev/vda' });
    expect(written('vda6/config.ign')).toBe(CONFIG);
    expect(written('vda9/selective-os-reset')).toBe(
      '(/etc/ssh/ssh_host_.*/.*|/etc/ssh/ssh_host_.*|/var/log/.*|/var/log|/selective-os-reset)\n',
    );
    expect(written('vda1/flatcar/first_boot')).toBe('');
    expect(written('vda6/grub.cfg')).toBe(
      [
        'set linux_append="$linux_append "',
        'set linux_console="console=ttyS1"',
        'set linux_append="$linux_append systemd.machine_id=0123456789abcdef0123456789abcdef"',
        '',
      ].join('\n'),
    );
    expect(written('systemctl')).toBe('reboot\n');
  });

  test('that keeps nothing', async () => {
    expect((await reset('install_disk: /dev/vda, reset_keep: []'))[0]).toBe(0);
    expect(written('vda9/selective-os-reset')).toBe('(/selective-os-reset)\n');
  });

  test('a disk without Flatcar is left alone, for good', async () => {
    const [status, told] = await reset('install_disk: /dev/vda', { lsblk: 'echo "/dev/vda1 data"' });
    expect([status, told.at(-1)]).toEqual([75, 'failed disk']);
    expect(reports.at(-1)).toMatchObject({ permanent: true });
  });

  test('so is one whose root cannot be mounted: nothing is staged', async () => {
    const mount = `case $1 in *9) exit 32 ;; esac; ${programs.mount}`;
    const [status] = await reset('install_disk: /dev/vda', { mount });
    expect(status).toBe(75);
    expect(existsSync(partition('vda1/flatcar'))).toBe(false);
    expect(existsSync(partition('vda6/config.ign'))).toBe(false);
  });
});

describe('the installer', () => {
  const IMAGE = '/assets/flatcar/4593.2.4/flatcar_production_image.bin.bz2';
  const programs = {
    blockdev: 'echo 20000000000',
    lsblk: 'echo vda 20G',
    udevadm: '',
    gpg: 'case "$*" in *--list-packets*) echo ":signature packet: algo 1, keyid AAAABBBBCCCCDDDD" ;; *--list-keys*) echo "sub:u:4096:1:AAAABBBBCCCCDDDD:1:2" ;; esac',
    'flatcar-install': 'echo "writing $*"; echo "$@" >"$TEST_DIRECTORY/installed"',
    systemctl: 'echo "$@" >"$TEST_DIRECTORY/systemctl"',
  };

  interface Told {
    readonly word: string;
    readonly phase: string | undefined;
    readonly message: string;
    readonly permanent: boolean;
  }

  /** Runs the installer with a disk that exists in the test only; the reports without those of facts. */
  async function install(
    changed: Readonly<Record<string, string>> = {},
    disk = true,
  ): Promise<[number | null, Told[]]> {
    const device = path.join(directory, 'vda');
    const place = unpack('install', `install_disk: ${device}, flatcar_version: current`);
    const script = path.join(place, 'install');
    // A test cannot make a block device.
    writeFileSync(script, readFileSync(script, 'utf8').replace('[ -b "$disk" ]', '[ -e "$disk" ]'));
    if (disk) writeFileSync(device, '');
    const env = { ...replace({ ...programs, ...changed }), TEST_DIRECTORY: directory };
    const status = await run(script, [], env);
    const told = reports.filter(({ phase }) => phase !== 'facts');
    return [
      status,
      told.map(({ message, permanent, phase, status: word }) => ({ word, phase, message, permanent })),
    ];
  }

  beforeEach(() => {
    files = {
      '/assets/flatcar/current/version.txt': 'FLATCAR_BUILD=4593\nFLATCAR_VERSION=4593.2.4\n',
      [IMAGE]: 'image',
      [`${IMAGE}.sig`]: 'signature',
      '/ignition': '{"ignition":{"version":"3.3.0"}}',
    };
  });

  test('that tries again uses the config that it fetched at first, since a token permits that only once', async () => {
    const failsFirst = 'tried=$TEST_DIRECTORY/tried; [ -e "$tried" ] || { touch "$tried"; exit 3; }';
    expect((await install({ 'flatcar-install': failsFirst }))[0]).toBe(1);
    delete files['/ignition'];
    const programPath = `${path.join(directory, 'bin')}:${process.env['PATH'] ?? ''}`;
    const env = { ...process.env, PATH: programPath, RAILHEAD_RETRIES: '0', TEST_DIRECTORY: directory };
    expect(await run(path.join(directory, 'railhead/install'), [], env)).toBe(0);
    expect(reports.at(-1)?.status).toBe('installed');
  });

  test('reports each step, and at last what it installed', async () => {
    const [status, told] = await install();
    expect(status).toBe(0);
    expect(told.map(({ phase, word }) => [word, phase])).toEqual([
      ['progress', 'started'],
      ['progress', 'config'],
      ['progress', 'written'],
      ['installed', 'rebooting'],
    ]);
    const disk = path.join(directory, 'vda');
    expect(reports.at(-1)).toMatchObject({
      release: '4593.2.4',
      disk,
      // sha256sum of the config above.
      configHash: 'd4d9a111d34fb3a3c865b2a1164b9f5e8a9b9958aed63a40f551aefb4923c3c9',
      log: [expect.stringContaining(`writing -d ${disk} -b ${origin}/assets/flatcar -V 4593.2.4 -i `)],
    });
    expect(readFileSync(path.join(directory, 'systemctl'), 'utf8')).toBe('reboot\n');
    expect(notes).toEqual([]);
  });

  test.each<[string, Record<string, string>, { disk?: boolean; missing?: string }, number, string, RegExp]>([
    [
      'a disk that does not exist',
      {},
      { disk: false },
      75,
      'disk',
      /there is no disk .*correct install_disk/,
    ],
    [
      'a disk that is too small',
      { blockdev: 'echo 4000000000' },
      {},
      75,
      'disk',
      /has 4000000000 bytes, and Flatcar needs 8 GB/,
    ],
    ['an image that is not in assets', {}, { missing: IMAGE }, 75, 'image', /add the release to assets/],
    [
      'a newer image that it cannot verify',
      { gpg: programs.gpg.replace('sub:u:4096:1:AAAA', 'sub:u:4096:1:1111') },
      {},
      75,
      'verify',
      /too old to verify 4593\.2\.4, which is signed with key AAAABBBBCCCCDDDD/,
    ],
    [
      'a signature that is wrong',
      { 'flatcar-install': 'echo "gpg: BAD signature from X"; exit 1' },
      {},
      75,
      'write',
      /signature of the image is not valid/,
    ],
    [
      'a disk that fails',
      { 'flatcar-install': 'echo "dd: I/O error"; exit 3' },
      {},
      1,
      'write',
      /flatcar-install failed with status 3/,
    ],
    [
      'a config that is not ready',
      {},
      { missing: '/ignition' },
      1,
      'config',
      /config of the installed system cannot be fetched/,
    ],
  ])(
    '%s is reported, and nothing restarts',
    async (_what, changed, { disk = true, missing }, exit, phase, message) => {
      if (missing !== undefined) delete files[missing];
      const [status, told] = await install(changed, disk);
      expect(status).toBe(exit);
      expect(told.at(-1)).toEqual({
        word: 'failed',
        phase,
        message: expect.stringMatching(message) as string,
        permanent: exit === 75,
      });
      expect(() => readFileSync(path.join(directory, 'systemctl'))).toThrow('ENOENT');
    },
  );
});

test('the facts of a machine are those of its kernel', async () => {
  const root = path.join(directory, 'root');
  const write = (name: string, text: string): void => {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    writeFileSync(path.join(root, name), text);
  };
  write('proc/cpuinfo', 'processor\t: 0\nmodel name\t: Odd "CPU" \\ 1\nprocessor\t: 1\nmodel name\t: Odd\n');
  write('proc/meminfo', 'MemTotal:        2048 kB\nMemFree: 1 kB\n');
  write('sys/block/nvme0n1/size', '2000\n');
  write('sys/block/nvme0n1/queue/rotational', '0\n');
  write('sys/block/nvme0n1/device/model', 'SAMSUNG MZQL2      \n');
  write('sys/block/nvme0n1/device/serial', 'S64GNE0R  \n');
  write('sys/block/nvme0n1/wwid', 'eui.36344730\n');
  write('sys/block/loop0/size', '8\n');
  write('sys/block/sr0/size', '0\n');
  write('sys/class/net/enp1s0/address', '52:54:00:00:00:01\n');
  write('sys/class/net/enp1s0/carrier', '1\n');
  write('sys/class/net/enp1s0/speed', '-1\n');
  write('sys/class/net/enp1s0/device/vendor', '');
  symlinkSync('../../bus/pci/drivers/virtio_net', path.join(root, 'sys/class/net/enp1s0/device/driver'));
  write('sys/class/net/lo/address', '00:00:00:00:00:00\n');
  write('sys/class/dmi/id/sys_vendor', 'QEMU\n');
  write('sys/class/dmi/id/bios_version', '1.16\n');
  const place = unpack('live');
  const status = await run(path.join(place, 'facts'), ['--send'], { ...replace({}), RAILHEAD_ROOT: root });
  expect(status).toBe(0);
  expect(notes).toEqual([]);
  expect(reports.map(({ facts }) => facts)).toEqual([
    {
      cpu: { model: 'Odd "CPU" \\ 1', architecture: expect.any(String) as string, count: 2 },
      memory_bytes: 2048 * 1024,
      disks: [
        {
          name: 'nvme0n1',
          size_bytes: 1_024_000,
          model: 'SAMSUNG MZQL2',
          serial: 'S64GNE0R',
          wwn: 'eui.36344730',
          rotational: false,
        },
      ],
      nics: [{ name: 'enp1s0', mac: '52:54:00:00:00:01', link: true, driver: 'virtio_net' }],
      system: { vendor: 'QEMU' },
      bios: { version: '1.16' },
    },
  ]);
});

test('a system that is up reports it, and its facts', async () => {
  const place = unpack('installed');
  expect(await run(path.join(place, 'up'), [], replace({}))).toBe(0);
  expect(reports).toMatchObject([
    { status: 'up', phase: 'up' },
    { phase: 'facts', facts: {} },
  ]);
});

test('a report that nobody takes does not stop what the machine does', async () => {
  const place = unpack('live');
  server.close();
  const quiet = replace({ curl: 'exit 7' });
  expect(await run(path.join(place, 'report'), ['progress', 'started', 'x'], quiet)).toBe(0);
});
