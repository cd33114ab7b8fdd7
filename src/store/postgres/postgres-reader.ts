import { type Kysely, sql } from 'kysely';
import type { EventReader } from '../event-store.ts';
import { describeOwner } from '../owner.ts';
import { CatalogPartQueries, type CatalogPartReader } from '../queries/catalog-part-queries.ts';
import { listEvents } from '../queries/event-queries.ts';
import { findOwner } from '../queries/owner-queries.ts';
import type { StoreTables } from '../tables.ts';
import { connectPostgres, postgresName, type PostgresSettings } from './postgres-connection.ts';
import { describePostgresError } from './postgres-errors.ts';
import { LOCK_KEY } from './postgres-lock.ts';
import { POSTGRES_TIME } from './postgres-time.ts';
import { retryPassing } from './retry.ts';

/** The state of a database, without changing anything in it. */
export interface PostgresState {
  /** `15.14 (Debian 15.14-0+deb12u1)`. */
  readonly version: string;
  /** 150014: the number for comparing versions. */
  readonly versionNumber: number;
  /** Whether the database is read-only, as on a standby. */
  readonly readOnly: boolean;
  /** Whether a Railhead has created its tables. */
  readonly hasTables: boolean;
  /** Whether this user may create them. */
  readonly mayCreate: boolean;
  /** The process that has the database, or had it last; undefined if there was none. */
  readonly owner: { readonly described: string; readonly since: Date } | undefined;
  /** Whether a Railhead has it now. */
  readonly inUse: boolean;
}

/**
 * Opens the database of another process to read its events. Rejects with an Error that names the database, also if its
 * tables do not exist yet.
 */
export async function openPostgresEvents(settings: PostgresSettings): Promise<EventReader> {
  const { name, tables } = await connectToRead(settings);
  return {
    events: {
      listEvents: (query) => retryPassing(() => listEvents(tables, POSTGRES_TIME, query), name),
    },
    close: () => tables.destroy(),
  };
}

/** Opens the database of another process to read the catalog that it kept. Rejects like `openPostgresEvents`. */
export async function openPostgresCatalog(settings: PostgresSettings): Promise<CatalogPartReader> {
  const { name, tables } = await connectToRead(settings);
  const catalogParts = new CatalogPartQueries({
    time: POSTGRES_TIME,
    read: (work) => retryPassing(() => work(tables), name),
    write: () => Promise.reject(new Error(`the store ${name} is opened to read`)),
  });
  return { catalogParts, close: () => tables.destroy() };
}

async function connectToRead(
  settings: PostgresSettings,
): Promise<{ readonly name: string; readonly tables: Kysely<StoreTables> }> {
  const name = postgresName(settings.url);
  const { hasTables } = await lookAtPostgres(settings);
  if (!hasTables) {
    throw new Error(
      `read the store ${name}: no Railhead has made its tables in it yet; start the server first`,
    );
  }
  return { name, tables: connectPostgres(settings).tables };
}

/** Examines the database without writing. Rejects with an Error that names it. */
export async function lookAtPostgres(settings: PostgresSettings): Promise<PostgresState> {
  const name = postgresName(settings.url);
  let tables: Kysely<StoreTables> | undefined;
  try {
    ({ tables } = connectPostgres(settings));
    return await look(tables);
  } catch (error) {
    const described = describePostgresError(error, name);
    const message = described instanceof Error ? described.message : String(described);
    throw new Error(`read the store ${name}: ${message}`, { cause: error });
  } finally {
    await tables?.destroy();
  }
}

async function look(tables: Kysely<StoreTables>): Promise<PostgresState> {
  const { rows } = await sql<Omit<PostgresState, 'owner'>>`
    select current_setting('server_version') as version,
      current_setting('server_version_num')::int as "versionNumber",
      pg_is_in_recovery() or current_setting('transaction_read_only')::bool as "readOnly",
      to_regclass('store_owner') is not null as "hasTables",
      has_schema_privilege(current_schema(), 'create') as "mayCreate",
      exists (
        select from pg_locks where locktype = 'advisory' and granted and objid = ${LOCK_KEY}
          and database = (select oid from pg_database where datname = current_database())
      ) as "inUse"`.execute(tables);
  const [state] = rows;
  if (state === undefined) throw new Error('the database returned no information about itself');
  const owner = state.hasTables ? await findOwner(tables, POSTGRES_TIME) : undefined;
  return { ...state, owner: owner && { described: describeOwner(owner), since: owner.since } };
}
