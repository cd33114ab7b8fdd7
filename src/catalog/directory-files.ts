import {
  lstatSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  type Stats,
  statSync,
} from 'node:fs';
import path from 'node:path';
import { type ButaneFiles, FilesError, type FileStatus } from '../butane/butane-files.ts';

/** Octets of one embedded file. */
const FILE_SIZE_MAX = 64 * 1024 * 1024;

/** The reasons of the system as Go words them. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  ENOTDIR: 'not a directory',
  EISDIR: 'is a directory',
  ELOOP: 'too many levels of symbolic links',
  ENAMETOOLONG: 'file name too long',
};

/** Files below a directory on disk, for Butane documents that embed some. */
export class DirectoryFiles implements ButaneFiles {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  absolute(file: string): string {
    return path.resolve(file);
  }

  read(file: string): Uint8Array {
    return attempt('open', file, () => {
      const status = statSync(file);
      // A device or a pipe could hold us for ever.
      if (!status.isFile() && !status.isDirectory()) throw new FilesError(`open ${file}: not a regular file`);
      if (status.size > FILE_SIZE_MAX)
        throw new FilesError(`open ${file}: larger than ${FILE_SIZE_MAX} bytes`);
      return readFileSync(file);
    });
  }

  stat(file: string): FileStatus {
    return attempt('stat', file, () => describe(statSync(file)));
  }

  lstat(file: string): FileStatus {
    return attempt('lstat', file, () => describe(lstatSync(file)));
  }

  list(directory: string): readonly string[] {
    return attempt('open', directory, () => readdirSync(directory));
  }

  readLink(file: string): string {
    return attempt('readlink', file, () => readlinkSync(file));
  }

  realPath(file: string): string {
    return attempt('lstat', file, () => realpathSync(file));
  }
}

function describe(status: Stats): FileStatus {
  const kind = status.isFile()
    ? 'file'
    : status.isDirectory()
      ? 'directory'
      : status.isSymbolicLink()
        ? 'symlink'
        : 'other';
  return { kind, executable: (status.mode & 0o111) !== 0 };
}

function attempt<T>(operation: string, file: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof FilesError) throw error;
    const { code = '', message } = error as NodeJS.ErrnoException;
    const shown = code === 'EISDIR' ? 'read' : operation;
    throw new FilesError(`${shown} ${file}: ${REASONS[code] ?? message}`, { cause: error });
  }
}
