import { type ChildProcessWithoutNullStreams, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { NetworkLab } from '../src/lab/network-lab.ts';
import { findProgram } from '../test/support/find-program.ts';
import { residentMegabytes } from './parts/resident-memory.ts';
import type { TftpLoadResult, TftpLoadSettings } from './parts/tftp-load.ts';

// How fast Railhead, tftpd-hpa and dnsmasq send files by TFTP, in turn, on a cable between two network namespaces: one
// machine with each window size, and racks of machines that send requests at once. bench/parts/tftp-load.ts acts as the
// machines, and is the same for all. `npm run bench -- tftp [--clients A,B,C] [--seconds N] [--rounds N] [--windows
// A,B,C] [--blocks A,B] [--servers railhead,tftpd-hpa,dnsmasq]`; needs root, and the Debian packages tftpd-hpa and
// dnsmasq-base. Railhead is the whole of `railhead serve`, as compiled JavaScript, and writes a boot event for each
// transfer; none logs single transfers. dnsmasq is told to allow more than its 50 transfers at once. Ends with status 1
// if Railhead failed a transfer, was not the fastest, or took more memory than it may.

const { values: options } = parseArgs({
  options: {
    clients: { type: 'string', default: '50,200,500' },
    /** How long machines start again after they have loaded the file. */
    seconds: { type: 'string', default: '3' },
    /** Runs with each size of rack; the median counts. */
    rounds: { type: 'string', default: '3' },
    windows: { type: 'string', default: '1,4,16,64' },
    /** Window sizes of a rack's machines: 1 is that of iPXE and most firmware, 4 that of edk2. */
    'rack-windows': { type: 'string', default: '1,4,16' },
    blocks: { type: 'string', default: '512,1468' },
    servers: { type: 'string', default: 'railhead,tftpd-hpa,dnsmasq' },
    /** Arguments for Railhead's Node.js, such as --cpu-prof. */
    node: { type: 'string', default: '' },
  },
});
const numbers = (text: string): number[] => text.split(',').filter(Boolean).map(Number);
const root = path.resolve(import.meta.dirname, '..');

const SERVER = '10.77.0.1';
const ROUTER = '10.77.0.2';
/** The machines are behind a router, since so many neighbours at once would test the kernel and not the server. */
const MACHINES = '10.80.0.0/12';
const FIRST_MACHINE = '10.80.0.1';
/** The file of a single machine: as large as a kernel. */
const LARGE = { file: 'large.bin', size: 16 << 20 };
/** The file of each machine of a rack: as large as a boot program. */
const SMALL = { file: 'small.bin', size: 1 << 20 };
const RSS_MB_MAX = 250;

interface Peer {
  readonly name: string;
  /** Programs that must be installed. */
  readonly needs: readonly string[];
  start(namespace: string, folder: string): ChildProcessWithoutNullStreams;
}

const lab = new NetworkLab('rht');

const peers: Peer[] = [
  {
    name: 'railhead',
    needs: [],
    start(namespace, folder) {
      const settings = {
        catalog: { dir: folder },
        store: { file: path.join(folder, 'railhead.db') },
        tftp: { enabled: true, listen: [SERVER], roots: [path.join(folder, 'files')] },
        log: { level: 'warn' },
      };
      // YAML is a superset of JSON.
      writeFileSync(`${folder}/railhead.yaml`, JSON.stringify(settings));
      const program = path.join(root, 'bin/railhead.js');
      return lab.start(namespace, process.execPath, [
        ...options.node.split(' ').filter(Boolean), program, 'serve', '--config', `${folder}/railhead.yaml`,
      ]); // prettier-ignore
    },
  },
  {
    name: 'tftpd-hpa',
    needs: ['in.tftpd'],
    start(namespace, folder) {
      return lab.start(namespace, 'in.tftpd', [
        '--foreground', '--address', `${SERVER}:69`, '--secure', '--user', 'root', path.join(folder, 'files'),
      ]); // prettier-ignore
    },
  },
  {
    name: 'dnsmasq',
    needs: ['dnsmasq'],
    start(namespace, folder) {
      return lab.start(namespace, 'dnsmasq', [
        '--keep-in-foreground', '--conf-file=/dev/null', '--user=root', '--port=0', '--interface=s0',
        '--bind-interfaces', '--enable-tftp', '--tftp-max=2000', `--tftp-root=${path.join(folder, 'files')}`,
        '--log-facility=-', '--quiet-tftp',
      ]); // prettier-ignore
    },
  },
];

/** Resolves when the server has opened port 69; rejects with its output if it ends before. */
async function untilListening(namespace: string, child: ChildProcessWithoutNullStreams): Promise<void> {
  let said = '';
  const listen = (text: unknown): void => void (said += String(text));
  for (const stream of [child.stdout, child.stderr]) stream.on('data', listen);
  for (let tries = 0; tries < 200 && child.exitCode === null; tries++) {
    const { stdout } = await lab.run(namespace, 'cat', ['/proc/net/udp']);
    if (stdout.includes(':0045 ')) {
      for (const stream of [child.stdout, child.stderr]) stream.off('data', listen).resume();
      return;
    }
    await new Promise((again) => setTimeout(again, 50));
  }
  throw new Error(`the server does not listen: ${said}`);
}

function readProc(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    // The process has ended.
    return '';
  }
}

/** Processor time of a server and of its children that have ended, in seconds. */
function cpuSeconds(pid: number): number {
  // proc(5): utime, stime, cutime and cstime are fields 14 to 17, in ticks of 10 ms; the name before them may contain
  // spaces.
  const fields = readProc(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ') ?? [];
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks) / 100, 0);
}

interface Outcome extends TftpLoadResult {
  readonly megabytesPerSecond: number;
  readonly residentMegabytes: number;
  /** Resident memory of the server; if it forks for each transfer, without its children. */
  readonly cpuSecondsPerGigabyte: number;
}

/** Starts a server and runs it under one load. */
async function measure(peer: Peer, load: Partial<TftpLoadSettings>): Promise<Outcome> {
  const folder = mkdtempSync(path.join(tmpdir(), 'railhead-bench-'));
  const [inner, outer] = [lab.addNamespace('s'), lab.addNamespace('c')];
  try {
    chmodSync(folder, 0o755);
    mkdirSync(`${folder}/files`);
    for (const { file, size } of [LARGE, SMALL]) {
      const words = Uint32Array.from({ length: size / 4 }, (_, at) => Math.imul(at, 2_654_435_761));
      writeFileSync(`${folder}/files/${file}`, words);
    }
    lab.connect(inner, 's0', outer, 'c0');
    lab.ip('-n', inner, 'addr', 'add', `${SERVER}/24`, 'dev', 's0');
    lab.ip('-n', inner, 'route', 'add', MACHINES, 'via', ROUTER);
    lab.ip('-n', outer, 'addr', 'add', `${ROUTER}/24`, 'dev', 'c0');
    lab.ip('-n', outer, 'route', 'add', 'local', MACHINES, 'dev', 'lo');
    const child = peer.start(inner, folder);
    await untilListening(inner, child);

    const pid = child.pid ?? 0;
    const cpuBefore = cpuSeconds(pid);
    let peak = 0;
    const sampling = setInterval(() => (peak = Math.max(peak, residentMegabytes(pid))), 100);
    const file = load.file ?? SMALL.file;
    const settings: TftpLoadSettings = {
      server: SERVER, file, copy: `${folder}/files/${file}`, firstClient: FIRST_MACHINE,
      clients: 1, blksize: 1468, windowsize: 1, seconds: 0, ...load,
    }; // prettier-ignore
    const script = path.join(import.meta.dirname, 'parts/tftp-load.ts');
    const words = ['--import', 'tsx', script, JSON.stringify(settings)];
    const { stdout, text } = await lab.run(outer, process.execPath, words, 180_000);
    clearInterval(sampling);
    if (child.exitCode !== null) throw new Error(`${peer.name} has ended`);
    const cpu = cpuSeconds(pid) - cpuBefore;
    child.kill('SIGTERM');
    await once(child, 'exit');
    if (stdout === '') throw new Error(`the load did not end: ${text}`);
    const result = JSON.parse(stdout) as TftpLoadResult;
    return {
      ...result,
      megabytesPerSecond: result.bytes / 1e6 / result.seconds,
      residentMegabytes: peak,
      cpuSecondsPerGigabyte: cpu / (result.bytes / 1e9),
    };
  } finally {
    await lab.remove();
    rmSync(folder, { recursive: true });
  }
}

function print(...columns: readonly (string | number)[]): void {
  console.log(columns.map((column) => String(column).padStart(12)).join(''));
}

function median(outcomes: readonly Outcome[]): Outcome | undefined {
  const sorted = [...outcomes].sort((one, other) => one.megabytesPerSecond - other.megabytesPerSecond);
  return sorted[Math.floor(sorted.length / 2)];
}

const missed: string[] = [];

async function measureStreams(): Promise<void> {
  console.log(`one machine, ${LARGE.size >> 20} MB again and again for ${options.seconds} s`);
  print('blksize', 'windowsize', ...chosen.flatMap(({ name }) => [name, 'granted']), 'MB/s');
  for (const blksize of numbers(options.blocks)) {
    for (const windowsize of numbers(options.windows)) {
      const cells: string[] = [];
      for (const peer of chosen) {
        const load = { file: LARGE.file, blksize, windowsize, seconds: Number(options.seconds) };
        const outcome = await measure(peer, load);
        cells.push(outcome.megabytesPerSecond.toFixed(1), `${outcome.blksize}x${outcome.windowsize}`);
        if (outcome.failed > 0) cells.push(`${outcome.failed} failed: ${outcome.failures.join(', ')}`);
      }
      print(blksize, windowsize, ...cells);
    }
  }
}

async function measureRacks(): Promise<void> {
  const rounds = Number(options.rounds);
  const seconds = Number(options.seconds);
  console.log(
    `\nmachines at once, ${SMALL.size >> 20} MB each, again and again for ${seconds} s, blksize 1468; median of ${rounds}`,
  );
  print(
    'machines',
    'windowsize',
    'server',
    'granted',
    'MB/s',
    'median s',
    'failed',
    'timeouts',
    'RSS MB',
    'CPU s/GB',
    'load CPU',
  );
  for (const clients of numbers(options.clients)) {
    for (const windowsize of numbers(options['rack-windows'])) {
      const outcomes = new Map<string, Outcome[]>(chosen.map(({ name }) => [name, []]));
      for (let round = 0; round < rounds; round++) {
        for (const peer of chosen)
          outcomes.get(peer.name)?.push(await measure(peer, { clients, windowsize, seconds }));
      }
      for (const [name, ofServer] of outcomes) reportRack(name, clients, windowsize, ofServer);
      const [railhead = 0, ...others] = [...outcomes.values()].map(
        (one) => median(one)?.megabytesPerSecond ?? 0,
      );
      if (others.length === 0 || chosen[0]?.name !== 'railhead') continue;
      const ratio = railhead / Math.max(...others);
      print('', '', 'ratio', '', ratio.toFixed(2));
      if (ratio <= 1)
        missed.push(`${clients} machines with windowsize ${windowsize}: ${ratio.toFixed(2)} of the best`);
    }
  }
}

function reportRack(name: string, clients: number, windowsize: number, outcomes: readonly Outcome[]): void {
  const middle = median(outcomes);
  if (middle === undefined) return;
  const failed = outcomes.reduce((sum, one) => sum + one.failed, 0);
  const resident = Math.max(...outcomes.map((one) => one.residentMegabytes));
  print(
    clients, windowsize, name, `${middle.blksize}x${middle.windowsize}`, middle.megabytesPerSecond.toFixed(1),
    middle.medianSeconds.toFixed(2), failed,
    outcomes.reduce((sum, one) => sum + one.timeouts, 0), resident.toFixed(0),
    name === 'tftpd-hpa' ? '-' : middle.cpuSecondsPerGigabyte.toFixed(1),
    `${((100 * middle.cpuSeconds) / middle.seconds).toFixed(0)} %`,
  ); // prettier-ignore
  for (const reason of new Set(outcomes.flatMap(({ failures }) => failures))) console.log(`  ${reason}`);
  if (name !== 'railhead') return;
  if (failed > 0) missed.push(`${failed} transfers of ${clients} machines failed`);
  if (resident > RSS_MB_MAX) missed.push(`${resident.toFixed(0)} MB resident for ${clients} machines`);
}

const wanted = options.servers.split(',');
const chosen = peers.filter((peer) => {
  const missing = ['ip', ...peer.needs].filter((name) => findProgram(name) === undefined);
  if (wanted.includes(peer.name) && missing.length > 0)
    console.log(`${peer.name} is left out: no ${missing.join(', ')}`);
  return wanted.includes(peer.name) && missing.length === 0;
});
execFileSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'inherit' });

try {
  if (options.windows !== '') await measureStreams();
  if (options.clients !== '') await measureRacks();
} finally {
  await lab.remove();
}
for (const what of missed) console.log(`MISSED: ${what}`);
process.exitCode = missed.length > 0 ? 1 : 0;
