import { readFileSync } from 'node:fs';
import { Kysely, PostgresDialect, type PostgresPool, type PostgresPoolClient } from 'kysely';
import pg from 'pg';
import type { StoreTables } from '../tables.ts';
import { isPassing } from './postgres-errors.ts';

/** Where the database is, and when a commit counts as done. */
export interface PostgresSettings {
  /** `postgres://user@host:5432/database`, without a password. */
  readonly url: string;
  /** File with the password. Without it `PGPASSWORD` or `~/.pgpass` may have one, as with every client of PostgreSQL. */
  readonly passwordFile?: string | undefined;
  /** full: once the disk of the database has it. normal: a crash of the database server may take the last commits back. */
  readonly synchronous: 'full' | 'normal';
}

/** Connections to the database: queries are built and typed by `tables`, and the hot ones run on `pool` itself. */
export interface PostgresConnections {
  readonly pool: pg.Pool;
  readonly tables: Kysely<StoreTables>;
}

const CONNECT_TIMEOUT_MS = 5_000;
/** A statement that takes longer is given up, with its connection: the server or the network hangs. */
const STATEMENT_TIMEOUT_MS = 60_000;
/** One for each aggregate, and some for migrations and what comes. */
const CONNECTIONS_MAX = 10;

/** PostgreSQL's numbers of the types that we read in our own way. */
const INT8 = 20;
const JSON_TEXT = 114;

/** How to connect, for the pool and for a connection of its own. Reads the password file. */
export function clientConfig(settings: PostgresSettings): pg.ClientConfig {
  const { passwordFile, url } = settings;
  return {
    connectionString: url,
    ...(passwordFile !== undefined && { password: readPassword(passwordFile) }),
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: STATEMENT_TIMEOUT_MS,
    keepAlive: true,
    types: {
      getTypeParser: (oid: number, format?: 'text' | 'binary') => {
        // Numbers that we write are below 2^53; JSON is read by decodeJson.
        if (oid === INT8) return Number;
        if (oid === JSON_TEXT) return String;
        return pg.types.getTypeParser(oid, format) as (text: string) => unknown;
      },
    },
  };
}

/** Makes the pool. Nothing is connected before the first query. */
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
  // An idle connection that breaks is replaced when it is needed; without a listener it would end the process.
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
 * PostgreSQL's texts cannot hold the character NUL, and what machines send may: it becomes U+FFFD, as with everything
 * else that is no text.
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

/** Kysely returns a connection to the pool without a word on whether it still works. */
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
