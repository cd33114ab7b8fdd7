import { statfsSync } from 'node:fs';
import path from 'node:path';
import { errorCode, StoreError } from '../store-error.ts';

/**
 * A disk with less space than this counts as full, regardless of SQLite's error: the next write may still fit into its
 * log, and the one after it does not.
 */
export const FREE_BYTES_MIN = 1024 * 1024;

/** Describes an error of the file or its disk; any other error is returned unchanged. */
export function describeSqliteError(error: unknown, file: string): unknown {
  const code = errorCode(error);
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof StoreError) return error;
  if (code === 'SQLITE_NOTADB') {
    return new StoreError('damaged', 'it is not an SQLite database; move it away, or name another file');
  }
  if (code.startsWith('SQLITE_CORRUPT')) {
    return new StoreError(
      'damaged',
      `the database ${file} is damaged (${message}): stop Railhead, move the file away together with ${file}-wal and ${file}-shm, ` +
        `and restore a backup, or rescue what can be read with: sqlite3 DAMAGED .recover | sqlite3 ${file}`,
    );
  }
  if (code === 'SQLITE_FULL' || code === 'ENOSPC') return fullError(file);
  // Files that cannot be created on a full disk are reported as if they could not be opened or read.
  if (/^SQLITE_(IOERR|CANTOPEN)/.test(code) && isFull(file)) return fullError(file);
  if (code.startsWith('SQLITE_IOERR')) {
    return new StoreError('disk', `the disk of the store ${file} reports errors (${code}): ${message}`);
  }
  return error;
}

/** Reports that the disk of the file is full, if it counts as full. */
export function findFullDisk(file: string): StoreError | undefined {
  return isFull(file) ? fullError(file) : undefined;
}

/** Throws a StoreError if the disk of the file counts as full. */
export function requireRoom(file: string): void {
  const problem = findFullDisk(file);
  if (problem !== undefined) throw problem;
}

function isFull(file: string): boolean {
  if (file === ':memory:') return false;
  try {
    const { bavail, bfree, bsize } = statfsSync(path.dirname(path.resolve(file)));
    // The remaining space is reserved for root.
    return bsize * (process.getuid?.() === 0 ? bfree : bavail) < FREE_BYTES_MIN;
  } catch {
    // The folder does not exist, which is reported separately.
    return false;
  }
}

function fullError(file: string): StoreError {
  return new StoreError(
    'full',
    `the disk of the store ${file} is full: make room in ${path.dirname(path.resolve(file))}; until then nothing is stored and no new lease is given`,
  );
}
