import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { residentMegabytes } from '../bench/parts/resident-memory.ts';
import type { NetworkLab } from '../src/lab/network-lab.ts';

export const ROOT = path.resolve(import.meta.dirname, '..');
export const SERVER = '10.77.0.1';
const CLIENT = '10.77.0.2';
/** The sender's addresses; the good client has its own, since limits apply to each address. */
const FORGED = '10.80.0.0/12';
/**
 * The server's heap, in megabytes (V8's old space), some three times what it needs: V8 lets garbage lie for as long as
 * there is room, so that only with a limit does what is never given back differ from what was not collected yet.
 */
const HEAP_MB_MAX = 128;

type Program = ReturnType<NetworkLab['start']>;

/** Memory of the server when this many were sent. */
interface MemorySample {
  readonly sent: number;
  readonly megabytes: number;
}

/** `railhead serve` under a fuzzer, in a namespace beside that of its clients. */
export interface FuzzedServer {
  readonly process: Program;
  readonly pid: number;
  readonly inner: string;
  readonly outer: string;
  /** The failures; the fuzzer adds those that it finds. */
  readonly failures: string[];
}

/** Builds the program and connects the namespaces of a server and its clients; the clients also send from FORGED. */
export function connectClients(lab: NetworkLab): { inner: string; outer: string } {
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: ROOT, stdio: 'inherit' });
  const [inner, outer] = [lab.addNamespace('s'), lab.addNamespace('c')];
  lab.connect(inner, 's0', outer, 'c0');
  lab.ip('-n', inner, 'addr', 'add', `${SERVER}/16`, 'dev', 's0');
  lab.ip('-n', outer, 'addr', 'add', `${CLIENT}/16`, 'dev', 'c0');
  lab.ip('-n', inner, 'route', 'add', FORGED, 'via', CLIENT);
  lab.ip('-n', outer, 'route', 'add', 'local', FORGED, 'dev', 'lo');
  return { inner, outer };
}

/** Starts the server with its files in `folder`. Resolves when it has logged `readyLine`, or has ended. */
export async function startServer(
  lab: NetworkLab,
  { inner, outer }: { readonly inner: string; readonly outer: string },
  folder: string,
  settings: object,
  readyLine: string,
): Promise<FuzzedServer> {
  const common = {
    catalog: { dir: folder },
    store: { file: path.join(folder, 'railhead.db') },
    log: { level: 'info' },
  };
  writeFileSync(`${folder}/railhead.yaml`, JSON.stringify({ ...common, ...settings }));
  const server = lab.start(inner, process.execPath, [
    `--max-old-space-size=${HEAP_MB_MAX}`, path.join(ROOT, 'bin/railhead.js'), 'serve', '--config', `${folder}/railhead.yaml`,
  ]); // prettier-ignore
  const failures: string[] = [];
  const ready = new Promise<void>((resolve) => {
    for (const stream of [server.stdout, server.stderr]) {
      createInterface(stream).on('line', (line) => {
        if (line.includes(readyLine)) resolve();
        // pino's levels error and fatal; any line that is not a log line is Node's own error message.
        if (!line.startsWith('{') || /"level":(50|60|"error"|"fatal")/.test(line)) failures.push(line);
      });
    }
  });
  await Promise.race([ready, once(server, 'exit')]);
  return { process: server, pid: server.pid ?? 0, inner, outer, failures };
}

/** The program that sends hostile packets, and the server's memory meanwhile. */
export interface Sender {
  readonly process: Program;
  readonly memory: readonly MemorySample[];
  /** Resolves when it has ended. */
  readonly over: Promise<unknown>;
}

/** Starts a sender of fuzz/, which prints the number of packets that it has sent. */
export function startSender(
  lab: NetworkLab,
  server: FuzzedServer,
  script: string,
  words: readonly string[],
): Sender {
  const sender = lab.start(server.outer, process.execPath, [
    '--import', 'tsx', path.join(import.meta.dirname, script), ...words,
  ]); // prettier-ignore
  sender.stderr.pipe(process.stderr);
  const memory: MemorySample[] = [];
  createInterface(sender.stdout).on('line', (line) => {
    memory.push({ sent: Number(line), megabytes: residentMegabytes(server.pid) });
  });
  return { process: sender, memory, over: once(sender, 'exit') };
}

/** Memory at the start, after half of `count` was sent, and at the end, in megabytes. */
export function memoryThrough(
  { memory }: Sender,
  count: number,
): readonly [start: number, middle: number, end: number] {
  const middle = memory.find((one) => one.sent >= count / 2)?.megabytes ?? 0;
  return [memory[0]?.megabytes ?? 0, middle, memory.at(-1)?.megabytes ?? 0];
}
