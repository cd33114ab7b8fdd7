import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { NetworkLab } from '../src/lab/network-lab.ts';
import { residentMegabytes } from '../bench/parts/resident-memory.ts';

const SERVER = '10.77.0.1';
const CLIENT = '10.77.0.2';
const PORT = 8080;
const OPERATOR = '127.0.0.1:8081';
/** The sender's addresses; the good client has its own, since there are limits for each. */
const FORGED = '10.80.0.0/12';
const IMAGE_SIZE = 4 << 20;
/** Longer than the server keeps a connection that says nothing. */
const SETTLES_MS = 25_000;
const MAC = '52:54:00:a1:9c:ae';

/** How a run of the fuzzer went. */
export interface HttpFuzzResult {
  /** How often the good client had all that a machine needs. */
  readonly boots: number;
  /** Resident memory at the start, half way and at the end, in megabytes. */
  readonly megabytes: readonly [start: number, middle: number, end: number];
  /** What the server has open after the last connection, and had not before the requests: files and sockets. */
  readonly leftOpen: readonly string[];
  /** Answers by status, as the server counted them. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly failures: readonly string[];
}

/**
 * Sends `count` hostile requests to `railhead serve`, from many addresses, while curl fetches again and again what a
 * machine fetches when it boots, and compares it with what came before the requests began.
 */
export async function fuzzHttp(
  lab: NetworkLab,
  folder: string,
  { count, seed }: { readonly count: number; readonly seed: string },
): Promise<HttpFuzzResult> {
  const root = path.resolve(import.meta.dirname, '..');
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'inherit' });
  const [inner, outer] = [lab.addNamespace('s'), lab.addNamespace('c')];
  lab.connect(inner, 's0', outer, 'c0');
  lab.ip('-n', inner, 'addr', 'add', `${SERVER}/16`, 'dev', 's0');
  lab.ip('-n', outer, 'addr', 'add', `${CLIENT}/16`, 'dev', 'c0');
  lab.ip('-n', inner, 'route', 'add', FORGED, 'via', CLIENT);
  lab.ip('-n', outer, 'route', 'add', 'local', FORGED, 'dev', 'lo');

  for (const name of ['profiles', 'groups', 'machines']) {
    cpSync(path.join(root, name), path.join(folder, name), { recursive: true });
  }
  mkdirSync(path.join(folder, 'assets'));
  writeFileSync(path.join(folder, 'assets/small'), 'small');
  const image = Buffer.from(Array.from({ length: IMAGE_SIZE }, (_, at) => (at * 31 + (at >> 9)) & 255));
  writeFileSync(path.join(folder, 'assets/image'), image);
  const settings = {
    catalog: { dir: folder },
    store: { file: path.join(folder, 'railhead.db') },
    http: { listen: [`${SERVER}:${PORT}`] },
    operator: { listen: OPERATOR },
    log: { level: 'info' },
  };
  writeFileSync(`${folder}/railhead.yaml`, JSON.stringify(settings));
  const server = lab.start(inner, process.execPath, [
    path.join(root, 'bin/railhead.js'), 'serve', '--config', `${folder}/railhead.yaml`,
  ]); // prettier-ignore
  const pid = server.pid ?? 0;
  const failures: string[] = [];
  const ready = new Promise<void>((resolve) => {
    for (const stream of [server.stdout, server.stderr]) {
      createInterface(stream).on('line', (line) => {
        if (line.includes('railhead is ready')) resolve();
        // pino's error and fatal; anything else that is no log line is Node's own last words.
        if (!line.startsWith('{') || /"level":(50|60|"error"|"fatal")/.test(line)) failures.push(line);
      });
    }
  });
  await Promise.race([ready, once(server, 'exit')]);

  const boot = async (): Promise<string> => {
    const words = ['--silent', '--show-error', '--fail', '--max-time', '20'];
    const urls = ['boot.ipxe', `ipxe?mac=${MAC}`, `grub?mac=${MAC}`, `ignition?mac=${MAC}`, 'assets/image'];
    const output = (at: number): string => path.join(folder, `fetched-${at}`);
    const curl = await lab.run(outer, 'curl', [
      ...words,
      ...urls.flatMap((url, at) => ['--output', output(at), `http://${SERVER}:${PORT}/${url}`]),
    ]);
    if (curl.code !== 0) throw new Error(`curl: ${curl.code} ${curl.text}`);
    return urls
      .map(
        (url, at) =>
          `${url} ${createHash('sha256')
            .update(readFileSync(output(at)))
            .digest('hex')}`,
      )
      .join('\n');
  };
  const expected = await boot().catch((error: unknown) => String(error));
  const before = new Set(openFiles(pid));

  const sender = lab.start(outer, process.execPath, [
    '--import', 'tsx', path.join(import.meta.dirname, 'send-http.ts'), seed, String(count), SERVER, String(PORT),
  ]); // prettier-ignore
  sender.stderr.pipe(process.stderr);
  const memory: { sent: number; megabytes: number }[] = [];
  createInterface(sender.stdout).on('line', (line) => {
    memory.push({ sent: Number(line), megabytes: residentMegabytes(pid) });
  });
  const over = once(sender, 'exit');

  let boots = 0;
  while (sender.exitCode === null && server.exitCode === null) {
    const fetched = await boot().catch((error: unknown) => String(error));
    if (fetched === expected) boots++;
    else failures.push(`after ${memory.at(-1)?.sent ?? 0} requests: ${fetched.slice(0, 500)}`);
    await new Promise((next) => setTimeout(next, 200));
  }
  await over;
  if (sender.exitCode !== 0) failures.push(`the sender ended with ${sender.exitCode}`);
  await new Promise((settled) => setTimeout(settled, SETTLES_MS));
  if (server.exitCode !== null) failures.push(`the server ended with ${server.exitCode}`);
  const leftOpen = server.exitCode === null ? openFiles(pid).filter((file) => !before.has(file)) : [];
  const token = readFileSync(path.join(folder, 'operator.token'), 'utf8').trim();
  const counters = await lab.run(inner, 'curl', [
    '--silent', '-H', `Authorization: Bearer ${token}`, `http://${OPERATOR}/api/v1/counters`,
  ]); // prettier-ignore
  const { http_requests: statuses = {} } = JSON.parse(counters.stdout || '{}') as {
    http_requests?: Record<string, number>;
  };
  const middle = memory.find((one) => one.sent >= count / 2)?.megabytes ?? 0;
  return {
    boots,
    megabytes: [memory[0]?.megabytes ?? 0, middle, memory.at(-1)?.megabytes ?? 0],
    leftOpen,
    statuses,
    failures,
  };
}

function openFiles(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
    } catch {
      // It was closed since it was listed.
      return [];
    }
  });
}
