import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { readlinkSync, realpathSync, statSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { resolve } from 'node:path';
import { FilesError } from '../butane/butane-files.ts';
import { decodeFileName, encodeFileName } from '../butane/file-name.ts';
import type { ButaneFiles, FileStatus } from '../butane/butane-files.ts';

/** Maximum size in bytes of a file that is embedded: more than any machine can be sent in its configuration. */
const FILE_BYTES_MAX = 128 * 1024 * 1024;

/** Gives the Butane compiler the files of a directory. The compiler decides which paths it may ask for. */
export function openFilesDirectory(directory: string): ButaneFiles {
  return {
    directory,
    absolute: (path) => resolve(path),
    read: readRegularFile,
    stat: (path) => describe(attempt('stat', path, () => statSync(encodeFileName(path)))),
    lstat: (path) => describe(attempt('lstat', path, () => lstatSync(encodeFileName(path)))),
    list: (path) =>
      attempt('open', path, () => readdirSync(encodeFileName(path), 'buffer').map(decodeFileName)),
    readLink: (path) =>
      attempt('readlink', path, () => decodeFileName(readlinkSync(encodeFileName(path), 'buffer'))),
    realPath: (path) =>
      attempt('open', path, () => decodeFileName(realpathSync(encodeFileName(path), 'buffer'))),
  };
}

function readRegularFile(path: string): Uint8Array {
  // Without O_NONBLOCK, opening a pipe that has no writer would block for ever.
  const file = attempt('open', path, () =>
    openSync(encodeFileName(path), constants.O_RDONLY | constants.O_NONBLOCK),
  );
  try {
    const stats = fstatSync(file);
    if (stats.isDirectory()) throw new FilesError(`read ${path}: is a directory`);
    if (!stats.isFile()) throw new FilesError(`read ${path}: not a regular file`);
    if (stats.size > FILE_BYTES_MAX) throw new FilesError(`read ${path}: larger than 128 MiB`);
    return attempt('read', path, () => readFileSync(file));
  } finally {
    closeSync(file);
  }
}

function describe(stats: Stats): FileStatus {
  const kind = stats.isFile()
    ? 'file'
    : stats.isDirectory()
      ? 'directory'
      : stats.isSymbolicLink()
        ? 'symlink'
        : 'other';
  return { kind, executable: (stats.mode & 0o111) !== 0 };
}

function attempt<T>(operation: string, path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    throw new FilesError(`${operation} ${path}: ${REASONS[code] ?? message}`, { cause: error });
  }
}

/** System errors in Go's words. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EISDIR: 'is a directory',
  ENOTDIR: 'not a directory',
  ELOOP: 'too many levels of symbolic links',
  ENAMETOOLONG: 'file name too long',
  ENXIO: 'no such device or address',
  EPERM: 'operation not permitted',
  ERR_INVALID_ARG_VALUE: 'invalid argument',
};
