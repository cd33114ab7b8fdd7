import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { NetworkLab } from '../src/lab/network-lab.ts';
import { connectClients, memoryThrough, ROOT, SERVER, startSender, startServer } from './fuzzed-server.ts';

const PORT = 8080;
const OPERATOR = '127.0.0.1:8081';
const IMAGE_SIZE = 4 << 20;
/** Longer than the server keeps an idle connection. */
const SETTLES_MS = 25_000;
const MAC = '52:54:00:a1:9c:ae';

/** The result of a run of the fuzzer. */
export interface HttpFuzzResult {
  /** How often the good client loaded everything that a machine needs. */
  readonly boots: number;
  /** Resident memory at the start, half way and at the end, in megabytes. */
  readonly megabytes: readonly [start: number, middle: number, end: number];
  /** Files and sockets that the server has open after the last connection and had not before the requests. */
  readonly leftOpen: readonly string[];
  /** Answers by status, according to the server's counters. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly failures: readonly string[];
}

/**
 * Sends `count` hostile requests to `railhead serve`, from many addresses, while curl repeatedly loads what a machine
 * loads when it boots, and compares it with the files loaded before.
 */
export async function fuzzHttp(
  lab: NetworkLab,
  folder: string,
  { count, seed }: { readonly count: number; readonly seed: string },
): Promise<HttpFuzzResult> {
  const ends = connectClients(lab);

  for (const name of ['profiles', 'groups', 'machines']) {
    cpSync(path.join(ROOT, name), path.join(folder, name), { recursive: true });
  }
  mkdirSync(path.join(folder, 'assets'));
  writeFileSync(path.join(folder, 'assets/small'), 'small');
  const image = Buffer.from(Array.from({ length: IMAGE_SIZE }, (_, at) => (at * 31 + (at >> 9)) & 255));
  writeFileSync(path.join(folder, 'assets/image'), image);
  const settings = { http: { listen: [`${SERVER}:${PORT}`] }, operator: { listen: OPERATOR } };
  const server = await startServer(lab, ends, folder, settings, 'railhead is ready');
  const { failures, pid } = server;

  const boot = async (): Promise<string> => {
    const words = ['--silent', '--show-error', '--fail', '--max-time', '20'];
    const urls = ['boot.ipxe', `ipxe?mac=${MAC}`, `grub?mac=${MAC}`, `ignition?mac=${MAC}`, 'assets/image'];
    const output = (at: number): string => path.join(folder, `fetched-${at}`);
    const curl = await lab.run(server.outer, 'curl', [
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

  const sender = startSender(lab, server, 'send-http.ts', [seed, String(count), SERVER, String(PORT)]);

  let boots = 0;
  while (sender.process.exitCode === null && server.process.exitCode === null) {
    const fetched = await boot().catch((error: unknown) => String(error));
    if (fetched === expected) boots++;
    else failures.push(`after ${sender.memory.at(-1)?.sent ?? 0} requests: ${fetched.slice(0, 500)}`);
    await new Promise((next) => setTimeout(next, 200));
  }
  await sender.over;
  if (sender.process.exitCode !== 0) failures.push(`the sender ended with ${sender.process.exitCode}`);
  await new Promise((settled) => setTimeout(settled, SETTLES_MS));
  if (server.process.exitCode !== null) failures.push(`the server ended with ${server.process.exitCode}`);
  const leftOpen = server.process.exitCode === null ? openFiles(pid).filter((file) => !before.has(file)) : [];
  const token = readFileSync(path.join(folder, 'operator.token'), 'utf8').trim();
  const counters = await lab.run(server.inner, 'curl', [
    '--silent', '-H', `Authorization: Bearer ${token}`, `http://${OPERATOR}/api/v1/counters`,
  ]); // prettier-ignore
  const { http_requests: statuses = {} } = JSON.parse(counters.stdout || '{}') as {
    http_requests?: Record<string, number>;
  };
  return {
    boots,
    megabytes: memoryThrough(sender, count),
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
