import { realpathSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { Kysely, SqliteDialect } from 'kysely';
import { describeOwner } from '../owner.ts';
import { findOwner } from '../queries/owner-queries.ts';
import { errorCode } from '../store-error.ts';
import type { StoreTables } from '../tables.ts';
import { SQLITE_TIME } from './sqlite-time.ts';

/** Held until it is closed, or until the process ends in any way. */
export interface SqliteLock {
  close(): void;
}

/** A process that is about to end releases its lock within this time. */
const PATIENCE_MS = 1_000;

/**
 * Makes this process the only one that writes the database. The lock is SQLite's own, on an empty database beside the
 * file: the kernel releases it when the process ends, it works between containers, and readers and backups of the file
 * itself are not affected. Rejects with an Error that names the other process.
 */
export async function lockSqlite(file: string): Promise<SqliteLock | undefined> {
  if (file === ':memory:') return undefined;
  const lock = new Database(`${realPath(file)}.lock`, { timeout: PATIENCE_MS });
  try {
    lock.exec('begin exclusive');
    return lock;
  } catch (error) {
    lock.close();
    if (!errorCode(error).startsWith('SQLITE_BUSY')) throw error;
    throw new Error(
      `it is in use by ${await findHolder(file)}; stop that one, or give this one a database of its own`,
      { cause: error },
    );
  }
}

/** Two names of one file have the same lock. */
function realPath(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return path.join(realpathSync(path.dirname(path.resolve(file))), path.basename(file));
  }
}

async function findHolder(file: string): Promise<string> {
  let tables: Kysely<StoreTables> | undefined;
  try {
    const database = new Database(file, { readonly: true, fileMustExist: true });
    tables = new Kysely<StoreTables>({ dialect: new SqliteDialect({ database }) });
    const owner = await findOwner(tables, SQLITE_TIME);
    return owner === undefined ? 'another process' : describeOwner(owner);
  } catch {
    // The database is being created, or belongs to another version.
    return 'another process';
  } finally {
    await tables?.destroy();
  }
}
