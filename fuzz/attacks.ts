import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { residentMegabytes } from '../bench/parts/resident-memory.ts';
import { ROOT } from './fuzzed-server.ts';

const MAIN = path.join(ROOT, 'bin/railhead.js');
const IMAGE_SIZE = 64 << 20;
const WATCH_MS = 4_000;
const SETTLES_MS = 20_000;
const READY_MS_MAX = 30_000;
const CHECK_MS_MAX = 120_000;

/** What an attack cost, and what it may cost at most. */
export interface AttackCost {
  readonly attack: string;
  /** By how much resident memory grew at most, or had at most in a process of its own; megabytes. */
  readonly megabytes: number;
  readonly megabytesMax: number;
  /** How long another client waited meanwhile, or the whole attack took; milliseconds. */
  readonly ms: number;
  readonly msMax: number;
  /** Files of the server that are open while it lasts and after it; absent where none is asked for. */
  readonly files?: readonly [during: number, after: number];
  readonly filesMax?: readonly [during: number, after: number];
}

/**
 * Attacks that once ended the process, held it up or kept others out, on the real program at loopback addresses, each
 * with what it costs now. All are bounded: a few thousand connections, some seconds each.
 */
export async function* measureAttacks(folder: string): AsyncGenerator<AttackCost> {
  yield* attackHttp(folder);
  yield* attackCatalogs(folder);
}

async function* attackHttp(folder: string): AsyncGenerator<AttackCost> {
  for (const name of ['profiles', 'groups', 'machines', 'assets']) mkdirSync(path.join(folder, name));
  writeFileSync(path.join(folder, 'assets/image'), Buffer.alloc(IMAGE_SIZE));
  const settings = {
    catalog: { dir: folder, watch: false },
    store: { file: path.join(folder, 'railhead.db') },
    http: { listen: ['127.0.0.1:0'] },
    operator: { listen: '127.0.0.1:0' },
    log: { level: 'info' },
  };
  writeFileSync(path.join(folder, 'railhead.yaml'), JSON.stringify(settings));
  const { process: server, port } = await serve(folder);
  const pid = server.pid ?? 0;
  const get = 'GET /assets/image HTTP/1.1\r\nHost: x\r\n\r\n';
  try {
    yield await attackWith(
      pid,
      port,
      'a thousand requests for an image on one connection that is never read',
      {
        connections: 1,
        addresses: 1,
        bytes: get.repeat(1_000),
        megabytesMax: 60,
        filesMax: [2, 0],
      },
    );
    yield await attackWith(pid, port, '2,000 downloads that are never read, of 20 addresses', {
      connections: 2_000,
      addresses: 20,
      bytes: get,
      megabytesMax: 250,
      filesMax: [2_000, 0],
    });
    yield await attackWith(pid, port, '10,000 connections with half of a request, of 20 addresses', {
      connections: 10_000,
      addresses: 20,
      bytes: get.slice(0, 20),
      megabytesMax: 250,
      filesMax: [0, 0],
    });
    yield await attackWith(
      pid,
      port,
      '200 connections with a thousand requests each behind one that Node refuses',
      {
        connections: 200,
        addresses: 20,
        bytes: `GET / HTTP/1.1\r\nHost: x\r\nExpect: x\r\n\r\n${get.repeat(1_000)}`,
        megabytesMax: 250,
        filesMax: [200, 0],
      },
    );
  } finally {
    server.kill('SIGTERM');
    await once(server, 'exit');
  }
}

/** Starts the server; its port is the kernel's choice. */
async function serve(folder: string): Promise<{ process: ChildProcess; port: number }> {
  const server = spawn(process.execPath, [MAIN, 'serve', '--config', path.join(folder, 'railhead.yaml')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const port = await new Promise<number>((resolve, reject) => {
    // Goes on to read: a log that nobody reads would be part of what is measured.
    createInterface(server.stdout).on('line', (line) => {
      const { msg, http } = JSON.parse(line) as { msg: string; http?: readonly string[] };
      if (msg === 'railhead is ready') resolve(Number(/:(\d+)$/.exec(http?.[0] ?? '')?.[1]));
    });
    server.once('exit', () => reject(new Error('the server ended before it was ready')));
  });
  return { process: server, port };
}

interface HttpAttack {
  readonly connections: number;
  readonly addresses: number;
  /** What each connection sends; none reads. */
  readonly bytes: string;
  readonly megabytesMax: number;
  readonly filesMax: readonly [during: number, after: number];
}

async function attackWith(
  pid: number,
  port: number,
  attack: string,
  { addresses, bytes, connections, filesMax, megabytesMax }: HttpAttack,
): Promise<AttackCost> {
  const before = residentMegabytes(pid);
  const sockets: Socket[] = [];
  for (let at = 0; at < connections; at++) {
    const localAddress = `127.0.1.${1 + (at % addresses)}`;
    const socket = connect({ host: '127.0.0.1', port, localAddress }).on('error', () => undefined);
    socket.pause().write(bytes);
    sockets.push(socket);
    if (at % 100 === 99) await new Promise((next) => setTimeout(next, 10));
  }
  let [megabytes, ms, during] = [0, 0, 0];
  const endMs = performance.now() + WATCH_MS;
  while (performance.now() < endMs) {
    const startedMs = performance.now();
    const ask = (): Promise<Response> =>
      fetch(`http://127.0.0.1:${port}/healthz`, { signal: AbortSignal.timeout(READY_MS_MAX) });
    // A kept connection may be closed as idle in favour of a new client; then this client opens another one.
    const answer = await ask().catch(ask);
    if (answer.status !== 200) throw new Error(`/healthz answers ${answer.status} during: ${attack}`);
    ms = Math.max(ms, performance.now() - startedMs);
    megabytes = Math.max(megabytes, residentMegabytes(pid) - before);
    during = Math.max(during, openImages(pid));
    await new Promise((next) => setTimeout(next, 100));
  }
  for (const socket of sockets) socket.resetAndDestroy();
  // What waited on the connections is answered to nobody first.
  for (let waitedMs = 0; waitedMs < SETTLES_MS && openImages(pid) > 0; waitedMs += 500) {
    await new Promise((next) => setTimeout(next, 500));
  }
  const files = [during, openImages(pid)] as const;
  return { attack, megabytes, megabytesMax, ms: Math.round(ms), msMax: 2_000, files, filesMax };
}

function openImages(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).filter((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`).endsWith('/assets/image');
    } catch {
      return false;
    }
  }).length;
}

const GROUP = { 'groups/g.yaml': 'id: g\nprofile: p\n' };
const PROFILE = { 'profiles/p.yaml': 'id: p\nignition: p.bu\n' };
const FILE = (text: string): string =>
  `variant: flatcar\nversion: 1.1.0\nstorage:\n  files:\n    - path: /a\n      contents: {inline: "${text}"}\n`;

/** Small catalogs that take much, each in a `railhead check` of its own. */
const CATALOGS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'partials that double eighteen times': {
    ...GROUP,
    ...PROFILE,
    ...Object.fromEntries(
      Array.from({ length: 18 }, (_, at) => [
        `profiles/d${at}.bu`,
        `{{> "d${at + 1}.bu"}}{{> "d${at + 1}.bu"}}`,
      ]),
    ),
    'profiles/d18.bu': 'x',
    'profiles/p.bu': FILE('{{> "d0.bu"}}'),
  },
  'a mapping of 60,000 keys': {
    ...GROUP,
    'profiles/p.yaml': `id: p\nmetadata:\n${Array.from({ length: 60_000 }, (_, at) => `  k${at}: 1\n`).join('')}`,
  },
  'helpers nested sixty deep': {
    ...GROUP,
    ...PROFILE,
    'profiles/p.bu': FILE(`{{${'base64 ('.repeat(60)}base64 "x"${')'.repeat(60)}}}`),
  },
  'metadata that refers to itself': { ...GROUP, 'profiles/p.yaml': 'id: p\nmetadata: &m\n  b: *m\n' },
};

async function* attackCatalogs(folder: string): AsyncGenerator<AttackCost> {
  let number = 0;
  for (const [attack, files] of Object.entries(CATALOGS)) {
    const tree = path.join(folder, `catalog-${number++}`);
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(tree, name)), { recursive: true });
      writeFileSync(path.join(tree, name), content);
    }
    const startedMs = performance.now();
    const check = spawn(process.execPath, [MAIN, 'check', tree], { stdio: 'ignore', timeout: CHECK_MS_MAX });
    let megabytes = 0;
    const over = once(check, 'exit');
    const watch = setInterval(() => {
      megabytes = Math.max(megabytes, peakMegabytes(check.pid ?? 0));
    }, 20);
    await over;
    clearInterval(watch);
    const ms = Math.round(performance.now() - startedMs);
    yield { attack, megabytes, megabytesMax: 600, ms, msMax: 30_000 };
  }
}

/** The most resident memory that a process has had; 0 when it is gone. */
function peakMegabytes(pid: number): number {
  try {
    return Math.round(
      Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024,
    );
  } catch {
    return 0;
  }
}
