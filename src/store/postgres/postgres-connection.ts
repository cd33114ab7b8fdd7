import { readFileSync } from 'node:fs';
import { Kysely, PostgresDialect, type PostgresPool, type PostgresPoolClient } from 'kysely';
import pg from 'pg';
import { parseIntoClientConfig } from 'pg-connection-string';
import type { StoreTables } from '../tables.ts';
import { isPassing } from './postgres-errors.ts';

/** Where the database is, and when a commit counts as done. */
export interface PostgresSettings {
  /** `postgres://user@host:5432/database`, without a password. */
  readonly url: string;
  /**
   * File with the password. If absent, `PGPASSWORD` or `~/.pgpass` may contain one, as for every client of PostgreSQL.
   */
  readonly passwordFile?: string | undefined;
  /** full: when it is on the database's disk. normal: a crash of the database server may lose the last commits. */
  readonly synchronous: 'full' | 'normal';
}

/** Connections to the database: queries are built and typed by `tables`, and frequent ones run on `pool` directly. */
export interface PostgresConnections {
  readonly pool: pg.Pool;
  readonly tables: Kysely<StoreTables>;
}

const CONNECT_TIMEOUT_MS = 5_000;
/** A statement that takes longer fails, and its connection is closed: the server or the network hangs. */
const STATEMENT_TIMEOUT_MS = 60_000;
/** One for each aggregate, and some for migrations and further use. */
const CONNECTIONS_MAX = 10;

/** PostgreSQL's numbers of the types for which we have our own parsers. */
const INT8 = 20;
const JSON_TEXT = 114;

/** The connection parameters, for the pool and for a separate connection. Reads the password file. */
export function clientConfig(settings: PostgresSettings): pg.ClientConfig {
  const { passwordFile, url } = settings;
  return {
    // As a connectionString it would take back the password: what is not in the URL counts as empty there.
    ...parseIntoClientConfig(url),
    ...(passwordFile !== undefined && { password: readPassword(passwordFile) }),
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: STATEMENT_TIMEOUT_MS,
    keepAlive: true,
    types: {
      getTypeParser: (oid: number, format?: 'text' | 'binary') => {
        // All numbers that we write are below 2^53; JSON is read by decodeJson.
        if (oid === INT8) return Number;
        if (oid === JSON_TEXT) return String;
        return pg.types.getTypeParser(oid, format) as (text: string) => unknown;
      },
    },
  };
}

/** Creates the pool. It connects at the first query. */
export function connectPostgres(settings: PostgresSettings): PostgresConnections {
  const level = settings.synchronous === 'full' ? 'on' : 'off';
  const pool = new pg.Pool({
    ...clientConfig(settings),
    max: CONNECTIONS_MAX,
    // pg-pool waits for the promise before it hands out the connection, which its types do not say.
    // eslint-disable-next-line @typescript-eslint/no-misused-promises
    onConnect: async (client) => {
      await client.query(`set synchronous_commit = ${level}`);
    },
  });
  // An idle connection that breaks is replaced when it is needed; without a listener the error would end the process.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => {
    client.on('error', () => undefined);
  });
  const tables = new Kysely<StoreTables>({ dialect: new PostgresDialect({ pool: poolForKysely(pool) }) });
  return { pool, tables };
}

/** `postgres://user@host/database`, for messages. */
export function postgresName(url: string): string {
  return url.replace(/\?.*$/, '');
}

/**
 * Text in PostgreSQL cannot contain the character NUL, but machines may send it: it is replaced by U+FFFD, like other
 * invalid text.
 */
export function withoutNul(value: unknown): unknown {
  if (typeof value === 'string') return value.includes('\0') ? value.replaceAll('\0', '\ufffd') : value;
  return Array.isArray(value) ? value.map(withoutNul) : value;
}

function readPassword(file: string): string {
  try {
    return readFileSync(file, 'utf8').trimEnd();
  } catch (error) {
    throw new Error(`store.password_file: ${(error as Error).message}`, { cause: error });
  }
}

/** Kysely returns a connection to the pool without telling it whether the connection still works. */
function poolForKysely(pool: pg.Pool): PostgresPool {
  return {
    connect: async () => {
      const client = await pool.connect();
      let broken = false;
      const query = async (text: string, values: readonly unknown[]): Promise<pg.QueryResult> => {
        try {
          return await client.query(text, values.map(withoutNul));
        } catch (error) {
          broken ||= isPassing(error);
          throw error;
        }
      };
      return { query, release: () => client.release(broken) } as unknown as PostgresPoolClient;
    },
    end: () => pool.end(),
  };
}
