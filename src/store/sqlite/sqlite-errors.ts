import { statfsSync } from 'node:fs';
import path from 'node:path';
import { errorCode, StoreError } from '../store-error.ts';

/** Bytes without which SQLite cannot write: less is a full disk, whatever it says itself. */
const LEAST_FREE_BYTES = 256 * 1024;

/** Says what is wrong with the file, where that is no fault of ours; any other error is returned as it is. */
export function describeSqliteError(error: unknown, file: string): unknown {
  const code = errorCode(error);
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof StoreError) return error;
  if (code === 'SQLITE_NOTADB') {
    return new StoreError('damaged', 'it is not an SQLite database; move it away, or name another file', {
      cause: error,
    });
  }
  if (code.startsWith('SQLITE_CORRUPT')) {
    return new StoreError(
      'damaged',
      `the database ${file} is damaged (${message}): stop Railhead, move the file away together with ${file}-wal and ${file}-shm, ` +
        `and restore a backup, or rescue what can be read with: sqlite3 DAMAGED .recover | sqlite3 ${file}`,
      { cause: error },
    );
  }
  if (code === 'SQLITE_FULL' || code === 'ENOSPC' || (code.startsWith('SQLITE_IOERR') && isFull(file))) {
    return new StoreError(
      'full',
      `the disk of the store ${file} is full: make room in ${path.dirname(path.resolve(file))}; until then nothing is kept and no new lease is given`,
      { cause: error },
    );
  }
  if (code.startsWith('SQLITE_IOERR')) {
    return new StoreError('disk', `the disk of the store ${file} reports errors (${code}): ${message}`, {
      cause: error,
    });
  }
  return error;
}

/** Bytes that may still be written where the file is; undefined where that cannot be known. */
export function freeBytes(file: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(path.dirname(path.resolve(file)));
    return bavail * bsize;
  } catch {
    return undefined;
  }
}

function isFull(file: string): boolean {
  const free = freeBytes(file);
  return free !== undefined && free < LEAST_FREE_BYTES;
}
