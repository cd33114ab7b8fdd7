import { readdirSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Logger } from 'pino';
import { supportedArchitectures } from '../provision/boot/boot-programs.ts';

/** A boot program on disk. */
export interface BootProgramFile {
  readonly name: string;
  readonly file: string;
  /** Size in bytes. */
  readonly size: number;
}

/** Programs are small; a larger file in such a directory is a disk image. */
const SIZE_MAX = 32 * 1024 * 1024;
const PROGRAM = /\.(kpxe|kkpxe|pxe|efi|0|lkrn)$/;

/**
 * The boot programs in the directories, by name; the first directory that has one is used. Directories that cannot be
 * read are ignored. Read once at the start, so that the programs that DHCP announces are those that TFTP and HTTP
 * serve.
 */
export function findBootPrograms(directories: readonly string[]): Map<string, BootProgramFile> {
  const programs = new Map<string, BootProgramFile>();
  for (const directory of directories) {
    for (const name of listDirectory(directory)) {
      if (!PROGRAM.test(name) || programs.has(name)) continue;
      try {
        const file = realpathSync(path.join(directory, name));
        const status = statSync(file);
        if (status.isFile() && status.size <= SIZE_MAX) programs.set(name, { name, file, size: status.size });
      } catch {
        // A dangling link counts as a missing file.
      }
    }
  }
  return programs;
}

/** Logs which kinds of machine can be booted with the programs, and which programs the others need. */
export function announceBootPrograms(programs: ReadonlyMap<string, BootProgramFile>, log: Logger): void {
  const support = supportedArchitectures(new Set(programs.keys()));
  const can = support.filter(({ program }) => program !== undefined);
  const cannot = support.filter(({ program }) => program === undefined);
  log.info(
    {
      can: Object.fromEntries(can.map(({ instructionSet, program }) => [instructionSet, program ?? ''])),
      cannot: cannot.map(
        ({ instructionSet, candidates }) =>
          `${instructionSet} (needs ${candidates.slice(0, 2).join(' or ')})`,
      ),
    },
    can.length === 0
      ? 'no boot programs found: install the package ipxe, or put some into assets/boot'
      : 'boot programs',
  );
}

function listDirectory(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}
