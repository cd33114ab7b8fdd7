import { mkdirSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { Kysely, SqliteDialect } from 'kysely';
import { migrateToLatest } from '../migrate.ts';
import type { StoreTables } from '../tables.ts';
import { SQLITE_MIGRATIONS } from './migrations/migrations.ts';

/**
 * When a commit counts as done. full: once the disk has it, so that not even a power cut takes back an acknowledged
 * lease. normal: once the operating system has it, which outlives the process but not a power cut.
 */
export type Synchronous = 'full' | 'normal';

/** Where and how the store keeps its data. */
export interface SqliteSettings {
  /** Path of the database; `:memory:` keeps nothing. */
  readonly file: string;
  readonly synchronous: Synchronous;
}

/** A database connection: queries are built and typed by `tables`, and the hot ones run on `database` itself. */
export interface SqliteConnection {
  readonly database: Database.Database;
  readonly tables: Kysely<StoreTables>;
}

/** How long to wait for a backup or another reader to let go of the database. */
const BUSY_TIMEOUT_MS = 5_000;
/** Pages of write-ahead log, 4 KiB each, before it is folded back: a boot storm must not grow it without end. */
const CHECKPOINT_PAGES = 4_000;

/**
 * Opens the database, creating the file and its folder, and migrates it. Throws an Error that names the file, says
 * what is wrong with it, and has the reason as its cause.
 */
export async function openSqlite(settings: SqliteSettings): Promise<SqliteConnection> {
  const { file, synchronous } = settings;
  let database: Database.Database | undefined;
  try {
    if (file !== ':memory:') mkdirSync(path.dirname(path.resolve(file)), { recursive: true, mode: 0o750 });
    database = new Database(file, { timeout: BUSY_TIMEOUT_MS });
    // Readers never wait for the writer, nor it for them; and a commit is one append to one file.
    database.pragma('journal_mode = WAL');
    database.pragma(`synchronous = ${synchronous}`);
    database.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    database.pragma('foreign_keys = on');
    const tables = new Kysely<StoreTables>({ dialect: new SqliteDialect({ database }) });
    await migrateToLatest(tables as Kysely<unknown>, SQLITE_MIGRATIONS);
    return { database, tables };
  } catch (error) {
    database?.close();
    throw new Error(`open the store ${file}: ${describe(error)}`, { cause: error });
  }
}

/**
 * Opens a database that another process writes, to read only: it is neither created nor migrated. Throws an Error like
 * openSqlite.
 */
export function openSqliteToRead(file: string): SqliteConnection {
  try {
    const database = new Database(file, { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT_MS });
    return { database, tables: new Kysely<StoreTables>({ dialect: new SqliteDialect({ database }) }) };
  } catch (error) {
    throw new Error(`read the store ${file}: ${describe(error)}`, { cause: error });
  }
}

/** Does something whose transactions need not wait for the disk, and then has it waited for as before. */
export function withoutSync(database: Database.Database, work: () => void): void {
  const before = database.pragma('synchronous', { simple: true }) as number;
  database.pragma('synchronous = normal');
  try {
    work();
  } finally {
    database.pragma(`synchronous = ${before}`);
  }
}

function describe(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'SQLITE_NOTADB') return 'it is not an SQLite database; move it away, or name another file';
  if (code.startsWith('SQLITE_CORRUPT')) return 'it is damaged; restore a backup, or move it away';
  if (code === 'SQLITE_CANTOPEN' || code === 'EACCES' || code === 'EROFS' || code === 'SQLITE_READONLY') {
    return `${message}; the user that runs Railhead must be able to write the file and its folder`;
  }
  if (code.startsWith('SQLITE_BUSY')) return 'another program keeps it locked; is a second Railhead running?';
  return message;
}
