import { type ChildProcessWithoutNullStreams, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { NetworkLab } from '../src/lab/network-lab.ts';
import { findProgram } from '../test/support/find-program.ts';
import { PostgresServer } from '../test/support/postgres-server.ts';

// DISCOVER to ACK exchanges per second of Railhead, Kea and dnsmasq, in turn at each rate, on a cable between two
// network namespaces. perfdhcp acts as the clients behind a relay. `npm run bench -- dhcp [--clients N] [--seconds N]
// [--rates A,B,C] [--servers railhead,railhead-postgres,kea,dnsmasq] [--pxe]`; needs root, and the Debian packages
// kea-admin, kea-dhcp4-server, dnsmasq-base and, for railhead-postgres, postgresql. Railhead is the whole of `railhead
// serve`, as compiled JavaScript, and commits to SQLite with synchronous=full before each ACK, boot events and all;
// railhead-postgres commits to a PostgreSQL on the same host, over its Unix socket, with synchronous_commit=on. Kea
// appends to its lease file, with as many threads as there are processors; dnsmasq writes its own. None of them logs
// single leases.
//
// perfdhcp keeps the kernel's default receive buffer, which holds some 270 replies: an overflow there during a pause of
// a processor would be counted as the server's drops. So the kernel's default is raised while this runs.

const { values: options } = parseArgs({
  allowNegative: true,
  options: {
    clients: { type: 'string', default: '50000' },
    seconds: { type: 'string', default: '6' },
    rates: { type: 'string', default: '5000,9000,11000,12000,13000,14000,15000,16000' },
    servers: { type: 'string', default: 'railhead,kea,dnsmasq' },
    /** Clients look like UEFI firmware, and get boot options. */
    pxe: { type: 'boolean', default: false },
    /** Railhead logs by default: a line for each exchange. */
    log: { type: 'boolean', default: false },
    /** Railhead writes a processor profile into this folder. */
    profile: { type: 'string' },
    avalanche: { type: 'boolean', default: true },
  },
});
const clients = Number(options.clients);
const seconds = Number(options.seconds);
const root = path.resolve(import.meta.dirname, '..');

const SERVER = '10.10.0.1';
const RELAY = '10.10.0.2';
const POOL = { cidr: '10.8.0.0/14', first: '10.8.1.0', last: '10.11.250.0' };
/** The share that a server may lose at a rate that counts as sustained. */
const DROPS_PERCENT_MAX = 1;
/** Runs of each server at a rate, so that a busy host does not decide the result. */
const TRIES_MAX = 2;

interface Peer {
  readonly name: string;
  /** Programs that must be installed. */
  readonly needs: readonly string[];
  /** The rates to try, as a fraction of the requested ones. */
  readonly slower?: number;
  start(namespace: string, folder: string): Promise<ChildProcessWithoutNullStreams>;
}

const lab = new NetworkLab('rhb');
let postgres: PostgresServer | undefined;

function startRailhead(namespace: string, folder: string, store: object): ChildProcessWithoutNullStreams {
  const settings = {
    catalog: { dir: folder },
    store,
    dhcp: { interfaces: ['s0'] },
    networks: [{ id: 'bench', cidr: POOL.cidr, mode: 'full', pools: [`${POOL.first}-${POOL.last}`] }],
    log: { level: options.log ? 'info' : 'warn' },
  };
  // YAML is a superset of JSON.
  writeFileSync(`${folder}/railhead.yaml`, JSON.stringify(settings));
  const program = path.join(root, 'bin/railhead.js');
  return lab.start(namespace, process.execPath, [
    ...(options.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${options.profile}`]),
    program,
    'serve',
    '--config',
    `${folder}/railhead.yaml`,
  ]);
}

const peers: Peer[] = [
  {
    name: 'railhead',
    needs: [],
    start: (namespace, folder) =>
      Promise.resolve(startRailhead(namespace, folder, { file: path.join(folder, 'railhead.db') })),
  },
  {
    name: 'railhead-postgres',
    needs: [],
    async start(namespace, folder) {
      postgres ??= await PostgresServer.start();
      const url = postgres.socketUrl(await postgres.createDatabase());
      return startRailhead(namespace, folder, { url });
    },
  },
  {
    name: 'kea',
    needs: ['kea-dhcp4'],
    start(namespace, folder) {
      const settings = {
        Dhcp4: {
          'interfaces-config': { interfaces: ['s0'], 'dhcp-socket-type': 'udp' },
          'lease-database': {
            type: 'memfile',
            persist: true,
            name: `${folder}/leases.csv`,
            'lfc-interval': 0,
          },
          'valid-lifetime': 3600,
          'multi-threading': { 'enable-multi-threading': true, 'thread-pool-size': cpus().length },
          subnet4: [
            {
              subnet: POOL.cidr,
              pools: [{ pool: `${POOL.first} - ${POOL.last}` }],
              relay: { 'ip-addresses': [RELAY] },
              ...(options.pxe && { 'next-server': SERVER, 'boot-file-name': 'snponly.efi' }),
            },
          ],
          loggers: [{ name: 'kea-dhcp4', output_options: [{ output: 'stdout' }], severity: 'WARN' }],
        },
      };
      writeFileSync(`${folder}/kea.json`, JSON.stringify(settings));
      return Promise.resolve(lab.start(namespace, 'env', [
        `KEA_PIDFILE_DIR=${folder}`, 'KEA_LOCKFILE_DIR=none', 'kea-dhcp4', '-c', `${folder}/kea.json`,
      ])); // prettier-ignore
    },
  },
  {
    name: 'dnsmasq',
    needs: ['dnsmasq'],
    slower: 0.05,
    start(namespace, folder) {
      return Promise.resolve(lab.start(namespace, 'dnsmasq', [
        '--keep-in-foreground', '--conf-file=/dev/null', '--user=root', '--port=0', '--interface=s0', '--no-ping',
        '--dhcp-lease-max=100000', '--dhcp-authoritative', '--log-facility=-', '--quiet-dhcp',
        `--dhcp-leasefile=${folder}/leases`, `--dhcp-range=${POOL.first},${POOL.last},255.252.0.0,1h`,
        ...(options.pxe ? ['--dhcp-boot=snponly.efi'] : []),
      ])); // prettier-ignore
    },
  },
];

/** Resolves when the server has opened port 67; rejects with its output if it ends before. */
async function untilListening(namespace: string, child: ChildProcessWithoutNullStreams): Promise<void> {
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += String(text)));
  for (let tries = 0; tries < 200 && child.exitCode === null; tries++) {
    const { stdout } = await lab.run(namespace, 'cat', ['/proc/net/udp']);
    if (stdout.includes(':0043 ')) return;
    await new Promise((again) => setTimeout(again, 50));
  }
  throw new Error(`the server does not listen: ${said}`);
}

interface Outcome {
  readonly exchangesPerSecond: number;
  readonly dropsPercent: number;
  readonly delayMs: number;
  /** Processor time of the server for each exchange, without its start: the figure that a busy host affects least. */
  readonly processorMicros: number;
  readonly text: string;
}

/** Processor time of a process and its threads since it began. */
function processorSeconds({ pid }: ChildProcessWithoutNullStreams): number {
  const TICKS_PER_SECOND = 100;
  // proc(5): utime and stime are fields 14 and 15; the name before them may contain spaces.
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Starts a server with an empty lease database, and runs it under one load. */
async function measure(peer: Peer, load: readonly string[]): Promise<Outcome> {
  const folder = mkdtempSync(path.join(tmpdir(), 'railhead-bench-'));
  chmodSync(folder, 0o777);
  const [inner, outer] = [lab.addNamespace('s'), lab.addNamespace('c')];
  try {
    lab.connect(inner, 's0', outer, 'c0');
    lab.ip('-n', inner, 'addr', 'add', `${SERVER}/14`, 'dev', 's0');
    lab.ip('-n', outer, 'addr', 'add', `${RELAY}/14`, 'dev', 'c0');
    const child = await peer.start(inner, folder);
    await untilListening(inner, child);
    const processorBefore = processorSeconds(child);
    const pxe = options.pxe ? ['-o', '60,505845436c69656e743a417263683a3030303037', '-o', '93,0007'] : [];
    const { text } = await lab.run(
      outer,
      'perfdhcp',
      ['-4', '-l', RELAY, '-L', '67', '-R', String(clients), ...pxe, ...load, SERVER],
      300_000,
    );
    const processor = processorSeconds(child) - processorBefore;
    child.kill('SIGTERM');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    const numbers = (pattern: RegExp): number[] =>
      [...text.matchAll(pattern)].map((match) => Number(match[1]));
    return {
      exchangesPerSecond: numbers(/Rate: ([\d.]+) 4-way/g)[0] ?? 0,
      dropsPercent: Math.max(...numbers(/drops ratio: ([\d.]+) %/g), 0),
      delayMs: numbers(/avg delay: ([\d.]+) ms/g).reduce((sum, delay) => sum + delay, 0),
      processorMicros: (processor * 1e6) / (numbers(/received packets: (\d+)/g)[1] ?? NaN),
      text,
    };
  } finally {
    await lab.remove();
    rmSync(folder, { recursive: true });
  }
}

function print(...columns: readonly (string | number)[]): void {
  console.log(columns.map((column) => String(column).padStart(18)).join(''));
}

const wanted = options.servers.split(',');
const chosen = peers.filter((peer) => {
  const missing = ['perfdhcp', 'ip', ...peer.needs].filter((name) => findProgram(name) === undefined);
  if (wanted.includes(peer.name) && missing.length > 0)
    console.log(`${peer.name} is left out: no ${missing.join(', ')}`);
  return wanted.includes(peer.name) && missing.length === 0;
});
execFileSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'inherit' });

const RECEIVE_BUFFER = '/proc/sys/net/core/rmem_default';
const receiveBufferBefore = readFileSync(RECEIVE_BUFFER, 'latin1');
const restore = (): void => writeFileSync(RECEIVE_BUFFER, receiveBufferBefore);
process.once('exit', restore);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
writeFileSync(RECEIVE_BUFFER, String(4 << 20));

const best = new Map<string, number>();
try {
  print('server', 'asked/s', 'done/s', 'drops %', 'delay ms', 'processor us');
  for (const rate of options.rates.split(',').map(Number)) {
    for (const peer of chosen) {
      const asked = Math.round(rate * (peer.slower ?? 1));
      for (let tries = 0; tries < TRIES_MAX; tries++) {
        const outcome = await measure(peer, ['-r', String(asked), '-p', String(seconds)]);
        const { delayMs, dropsPercent, exchangesPerSecond, processorMicros } = outcome;
        const figures = [exchangesPerSecond.toFixed(0), dropsPercent.toFixed(2), delayMs.toFixed(1)];
        print(peer.name, asked, ...figures, processorMicros.toFixed(0));
        if (dropsPercent >= DROPS_PERCENT_MAX) continue;
        best.set(peer.name, Math.max(best.get(peer.name) ?? 0, exchangesPerSecond));
        break;
      }
    }
  }
  console.log(`\nmost exchanges a second at less than ${DROPS_PERCENT_MAX} % drops, ${clients} clients:`);
  for (const { name } of chosen) print(name, (best.get(name) ?? 0).toFixed(0));
  const kea = best.get('kea');
  if (kea !== undefined) print('railhead / kea', ((best.get('railhead') ?? 0) / kea).toFixed(2));

  if (options.avalanche) console.log('\nall at once: how long until 10,000 clients have a lease');
  for (const peer of options.avalanche ? chosen : []) {
    const { text } = await measure(peer, ['--scenario', 'avalanche', '-R', '10000']);
    print(peer.name, /It took ([\d:.]+)/.exec(text)?.[1] ?? 'not all within five minutes');
  }
} finally {
  await lab.remove();
  await postgres?.remove();
}
