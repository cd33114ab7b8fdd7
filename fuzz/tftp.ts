import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { NetworkLab } from '../src/lab/network-lab.ts';
import { residentMegabytes } from '../bench/parts/resident-memory.ts';
import { connectClients, memoryThrough, SERVER, startSender, startServer } from './fuzzed-server.ts';

const SIZE = 300_000;
const MEMORY_SETTLES_MS = 15_000;

/** The result of a run of the fuzzer. */
export interface TftpFuzzResult {
  readonly fetched: number;
  /** Resident memory at the start, half way and at the end of the datagrams, in megabytes. */
  readonly megabytes: readonly [start: number, middle: number, end: number];
  /** Resident memory when the transfers that the datagrams started have ended. */
  readonly megabytesAfter: number;
  readonly failures: readonly string[];
}

/**
 * Sends `count` datagrams to the TFTP ports of `railhead serve`, from many addresses, while curl repeatedly loads a
 * file and compares it.
 */
export async function fuzzTftp(
  lab: NetworkLab,
  folder: string,
  { count, rate, seed }: { count: number; rate: string; seed: string },
): Promise<TftpFuzzResult> {
  const ends = connectClients(lab);

  const content = Buffer.from(Array.from({ length: SIZE }, (_, at) => (at * 31 + (at >> 9)) & 255));
  mkdirSync(`${folder}/files`);
  writeFileSync(`${folder}/files/boot.bin`, content);
  const settings = { tftp: { enabled: true, listen: [SERVER], roots: [path.join(folder, 'files')] } };
  const server = await startServer(lab, ends, folder, settings, 'tftp is ready');
  const { failures } = server;
  const sender = startSender(lab, server, 'send-tftp.ts', [seed, String(count), rate, SERVER]);

  let fetched = 0;
  while (sender.process.exitCode === null && server.process.exitCode === null) {
    const target = path.join(folder, 'fetched');
    const words = ['--silent', '--show-error', '--max-time', '20', '--output', target];
    const curl = await lab.run(server.outer, 'curl', [...words, `tftp://${SERVER}/boot.bin`]);
    if (curl.code === 0 && readFileSync(target).equals(content)) fetched++;
    else failures.push(`curl, after ${sender.memory.at(-1)?.sent ?? 0} datagrams: ${curl.code} ${curl.text}`);
    await new Promise((next) => setTimeout(next, 100));
  }
  await sender.over;
  if (sender.process.exitCode !== 0) failures.push(`the sender ended with ${sender.process.exitCode}`);
  await new Promise((settled) => setTimeout(settled, MEMORY_SETTLES_MS));
  const megabytesAfter = residentMegabytes(server.pid);
  if (server.process.exitCode !== null) failures.push(`the server ended with ${server.process.exitCode}`);
  return {
    fetched,
    megabytes: memoryThrough(sender, count),
    megabytesAfter,
    failures,
  };
}
