import { execFile } from 'node:child_process';
import { readFile, realpath } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { CpioEntry } from './cpio-archive.ts';

/** A program of this host that is copied into an initramfs, with the libraries it needs. */
export interface Program {
  readonly from: string;
  /** Its path in the initramfs, without a leading slash. */
  readonly to: string;
}

/** The files of a program: itself, its libraries and its loader. Without the folders that they are in. */
export async function programEntries({ from, to }: Program): Promise<CpioEntry[]> {
  const entries = [await executable(from, to)];
  for (const library of await sharedLibraries(from)) {
    entries.push(await executable(await realpath(library), library.slice(1)));
  }
  return entries;
}

async function executable(from: string, to: string): Promise<CpioEntry> {
  return { kind: 'file', path: to, content: await readFile(from), mode: 0o755 };
}

/** The libraries and the loader that a program needs, by the paths in the program. None for a static program. */
async function sharedLibraries(program: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)('ldd', [program]).catch((error: unknown) => {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    if (`${stdout}${stderr}`.includes('not a dynamic executable')) return { stdout: '' };
    throw error;
  });
  return [...stdout.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map((match) => match[1] ?? '');
}
