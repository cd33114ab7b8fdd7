import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { NetworkLab } from '../src/lab/network-lab.ts';
import { residentMegabytes } from '../bench/parts/resident-memory.ts';

const SERVER = '10.77.0.1';
const CLIENT = '10.77.0.2';
/** The sender's addresses; the good client has its own, since there are limits for each. */
const FORGED = '10.80.0.0/12';
const SIZE = 300_000;
const MEMORY_SETTLES_MS = 15_000;

/** How a run of the fuzzer went. */
export interface TftpFuzzResult {
  readonly fetched: number;
  /** Resident memory at the start, half way and at the end of the datagrams, in megabytes. */
  readonly megabytes: readonly [start: number, middle: number, end: number];
  /** Resident memory when the transfers that the datagrams began are over. */
  readonly megabytesAfter: number;
  readonly failures: readonly string[];
}

/**
 * Sends `count` datagrams to the TFTP ports of `railhead serve`, from many addresses, while curl fetches a file again
 * and again and compares it.
 */
export async function fuzzTftp(
  lab: NetworkLab,
  folder: string,
  { count, rate, seed }: { count: number; rate: string; seed: string },
): Promise<TftpFuzzResult> {
  const root = path.resolve(import.meta.dirname, '..');
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'inherit' });
  const [inner, outer] = [lab.addNamespace('s'), lab.addNamespace('c')];
  lab.connect(inner, 's0', outer, 'c0');
  lab.ip('-n', inner, 'addr', 'add', `${SERVER}/16`, 'dev', 's0');
  lab.ip('-n', outer, 'addr', 'add', `${CLIENT}/16`, 'dev', 'c0');
  lab.ip('-n', inner, 'route', 'add', FORGED, 'via', CLIENT);
  lab.ip('-n', outer, 'route', 'add', 'local', FORGED, 'dev', 'lo');

  const content = Buffer.from(Array.from({ length: SIZE }, (_, at) => (at * 31 + (at >> 9)) & 255));
  mkdirSync(`${folder}/files`);
  writeFileSync(`${folder}/files/boot.bin`, content);
  const settings = {
    catalog: { dir: folder },
    store: { file: path.join(folder, 'railhead.db') },
    tftp: { enabled: true, listen: [SERVER], roots: [path.join(folder, 'files')] },
    log: { level: 'info' },
  };
  writeFileSync(`${folder}/railhead.yaml`, JSON.stringify(settings));
  const server = lab.start(inner, process.execPath, [
    path.join(root, 'bin/railhead.js'), 'serve', '--config', `${folder}/railhead.yaml`,
  ]); // prettier-ignore
  const failures: string[] = [];
  const ready = new Promise<void>((resolve) => {
    for (const stream of [server.stdout, server.stderr]) {
      createInterface(stream).on('line', (line) => {
        if (line.includes('tftp is ready')) resolve();
        // pino's error and fatal; anything else that is no log line is Node's own last words.
        if (!line.startsWith('{') || /"level":(50|60|"error"|"fatal")/.test(line)) failures.push(line);
      });
    }
  });
  await Promise.race([ready, once(server, 'exit')]);

  const sender = lab.start(outer, process.execPath, [
    '--import', 'tsx', path.join(import.meta.dirname, 'send-tftp.ts'), seed, String(count), rate, SERVER,
  ]); // prettier-ignore
  sender.stderr.pipe(process.stderr);
  const memory: { sent: number; megabytes: number }[] = [];
  createInterface(sender.stdout).on('line', (line) => {
    memory.push({ sent: Number(line), megabytes: residentMegabytes(server.pid ?? 0) });
  });
  const over = once(sender, 'exit');

  let fetched = 0;
  while (sender.exitCode === null && server.exitCode === null) {
    const target = path.join(folder, 'fetched');
    const words = ['--silent', '--show-error', '--max-time', '20', '--output', target];
    const curl = await lab.run(outer, 'curl', [...words, `tftp://${SERVER}/boot.bin`]);
    if (curl.code === 0 && readFileSync(target).equals(content)) fetched++;
    else failures.push(`curl, after ${memory.at(-1)?.sent ?? 0} datagrams: ${curl.code} ${curl.text}`);
    await new Promise((next) => setTimeout(next, 100));
  }
  await over;
  if (sender.exitCode !== 0) failures.push(`the sender ended with ${sender.exitCode}`);
  await new Promise((settled) => setTimeout(settled, MEMORY_SETTLES_MS));
  const megabytesAfter = residentMegabytes(server.pid ?? 0);
  if (server.exitCode !== null) failures.push(`the server ended with ${server.exitCode}`);
  const middle = memory.find((one) => one.sent >= count / 2)?.megabytes ?? 0;
  return {
    fetched,
    megabytes: [memory[0]?.megabytes ?? 0, middle, memory.at(-1)?.megabytes ?? 0],
    megabytesAfter,
    failures,
  };
}
