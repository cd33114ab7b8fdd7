import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { Kysely } from 'kysely';
import { migrateToLatest } from '../migrate.ts';
import { thisProcess } from '../owner.ts';
import { signOwner } from '../queries/owner-queries.ts';
import { errorCode, StoreError } from '../store-error.ts';
import type { StoreTables } from '../tables.ts';
import { SQLITE_MIGRATIONS } from './migrations/migrations.ts';
import { RolledBackSqliteDialect } from './sqlite-dialect.ts';
import { describeSqliteError } from './sqlite-errors.ts';
import { lockSqlite, type SqliteLock } from './sqlite-lock.ts';
import { SQLITE_TIME } from './sqlite-time.ts';

/**
 * When a commit counts as done. full: when it is on the disk, so that not even a power failure loses an acknowledged
 * lease. normal: when the operating system has it, which survives the end of the process but not a power failure.
 */
export type Synchronous = 'full' | 'normal';

/** Where and how the store keeps its data. */
export interface SqliteSettings {
  /** Path of the database; `:memory:` stores nothing permanently. */
  readonly file: string;
  readonly synchronous: Synchronous;
}

/** A database connection: queries are built and typed by `tables`, and frequent ones run on `database` directly. */
export interface SqliteConnection {
  readonly file: string;
  readonly database: Database.Database;
  readonly tables: Kysely<StoreTables>;
  /** Closes the connection, and then releases the lock. */
  close(): Promise<void>;
}

/** How long to wait until a backup or another reader releases the database. */
const BUSY_TIMEOUT_MS = 5_000;
/**
 * Maximum length of the write-ahead log in pages of 4 KiB before a checkpoint: a boot storm must not grow it without
 * limit.
 */
const CHECKPOINT_PAGES = 4_000;

/**
 * Opens the database, creating the file and its folder, makes this process its only writer, and migrates it. Throws an
 * Error that names the file, says what is wrong with it, and has the original error as its cause.
 */
export async function openSqlite(settings: SqliteSettings): Promise<SqliteConnection> {
  const { file, synchronous } = settings;
  let lock: SqliteLock | undefined;
  let database: Database.Database | undefined;
  try {
    if (file !== ':memory:') mkdirSync(path.dirname(path.resolve(file)), { recursive: true, mode: 0o750 });
    lock = await lockSqlite(file);
    database = new Database(file, { timeout: BUSY_TIMEOUT_MS });
    // Readers and the writer never wait for each other, and a commit is one append to one file.
    database.pragma('journal_mode = WAL');
    database.pragma(`synchronous = ${synchronous}`);
    database.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    database.pragma('foreign_keys = on');
    const connection = connect(file, database, lock);
    await migrateToLatest(connection.tables as Kysely<unknown>, SQLITE_MIGRATIONS);
    await sign(connection);
    return connection;
  } catch (error) {
    database?.close();
    lock?.close();
    throw new Error(`open the store ${file}: ${describe(error, file)}`, { cause: error });
  }
}

/**
 * Opens a database that another process writes, read-only: it is neither created nor migrated. Throws an Error like
 * openSqlite.
 */
export function openSqliteToRead(file: string): SqliteConnection {
  try {
    const options = { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT_MS };
    return connect(file, new Database(file, options), undefined);
  } catch (error) {
    throw new Error(`read the store ${file}: ${describe(error, file)}`, { cause: error });
  }
}

/** Runs a function whose transactions need not wait for the disk. Transactions after it wait as before. */
export function withoutSync(database: Database.Database, work: () => void): void {
  const before = database.pragma('synchronous', { simple: true }) as number;
  database.pragma('synchronous = normal');
  try {
    work();
  } finally {
    database.pragma(`synchronous = ${before}`);
  }
}

function connect(file: string, database: Database.Database, lock: SqliteLock | undefined): SqliteConnection {
  const tables = new Kysely<StoreTables>({ dialect: new RolledBackSqliteDialect(database) });
  const close = async (): Promise<void> => {
    await tables.destroy();
    lock?.close();
  };
  return { file, database, tables, close };
}

/** It is needed only for a message to another process, so a full disk must not prevent the start. */
async function sign({ file, tables }: SqliteConnection): Promise<void> {
  try {
    await signOwner(tables, SQLITE_TIME, { owner: randomUUID(), ...thisProcess(new Date()) });
  } catch (error) {
    const described = describeSqliteError(error, file);
    if (!(described instanceof StoreError && described.failure === 'full')) throw error;
  }
}

function describe(error: unknown, file: string): string {
  const described = describeSqliteError(error instanceof Error && error.cause ? error.cause : error, file);
  if (described instanceof StoreError) return described.message;
  const message = error instanceof Error ? error.message : String(error);
  const code = errorCode(error);
  if (code === 'SQLITE_CANTOPEN' || code === 'EACCES' || code === 'EROFS' || code === 'SQLITE_READONLY') {
    return `${message}; the user that runs Railhead must be able to write the file and its folder`;
  }
  if (code.startsWith('SQLITE_BUSY')) return 'another program keeps it locked; see which one has it open';
  return message;
}
