import { sql } from 'kysely';
import type { AppendOptions, EventReader, NewBootEvent } from '../event-store.ts';
import { AuditQueries } from '../queries/audit-queries.ts';
import { LifeQueries } from '../queries/life-queries.ts';
import { BootSessionQueries } from '../queries/boot-session-queries.ts';
import { CatalogPartQueries, type CatalogPartReader } from '../queries/catalog-part-queries.ts';
import { DiscoveredMachineQueries } from '../queries/discovered-machine-queries.ts';
import { DnsRecordQueries } from '../queries/dns-record-queries.ts';
import { LocalBootQueries } from '../queries/local-boot-queries.ts';
import { EventQueries } from '../queries/event-queries.ts';
import { loadLeases } from '../queries/lease-queries.ts';
import { InventoryQueries } from '../queries/inventory-queries.ts';
import { MachineQueries } from '../queries/machine-queries.ts';
import { OperationQueries } from '../queries/operation-queries.ts';
import { ProbeQueries, type ProbeStore } from '../queries/probe-queries.ts';
import type { QueryRunner } from '../queries/query-runner.ts';
import { ReportQueries } from '../queries/report-queries.ts';
import { TokenQueries } from '../queries/token-queries.ts';
import { TransitionQueries } from '../queries/transition-queries.ts';
import type { DatabaseStore } from '../store.ts';
import { Turns } from '../turns.ts';
import { prepareEventAppend, prepareLeaseCommit } from './prepared-writes.ts';
import {
  openSqlite,
  openSqliteToRead,
  type SqliteConnection,
  type SqliteSettings,
} from './sqlite-connection.ts';
import { describeSqliteError, requireRoom } from './sqlite-errors.ts';
import { SQLITE_TIME } from './sqlite-time.ts';

/**
 * Opens the store on SQLite, in the calling thread: it blocks until the disk has a commit. openThreadedSqlite keeps
 * that wait out of a server's event loop. Migrates the database. Rejects with an Error that names the file and says
 * what to do.
 */
export async function openSqliteStore(settings: SqliteSettings): Promise<DatabaseStore> {
  return onConnection(await openSqlite(settings));
}

/**
 * Opens the database of another process to read its events. Throws an Error that names the file, also if another
 * version of Railhead wrote it.
 */
export function openSqliteEvents(file: string): EventReader {
  return openToRead(file);
}

/** Opens the database of another process to read the catalog that it kept. Throws an Error like `openSqliteEvents`. */
export function openSqliteCatalog(file: string): CatalogPartReader {
  return openToRead(file);
}

function openToRead(file: string): DatabaseStore {
  const connection = openSqliteToRead(file);
  try {
    return onConnection(connection);
  } catch (error) {
    connection.database.close();
    const message = error instanceof Error ? error.message : String(error);
    throw new Error(`read the store ${file}: ${message}; use the version of Railhead that serves from it`, {
      cause: error,
    });
  }
}

function onConnection(connection: SqliteConnection): DatabaseStore {
  const { tables } = connection;
  const turns = new Turns();
  const take = async <T>(work: () => T | Promise<T>): Promise<T> => {
    try {
      return await turns.take(work);
    } catch (error) {
      throw describeSqliteError(error, connection.file);
    }
  };
  const runner: QueryRunner = {
    time: SQLITE_TIME,
    read: (work) => take(() => work(tables)),
    write: (work) => take(() => tables.transaction().execute(work)),
  };
  const commitLeases = prepareLeaseCommit(connection);
  return {
    leases: {
      loadLeases: () => loadLeases(runner),
      commitLeases: (changes) => take(() => commitLeases(changes)),
    },
    discovered: new DiscoveredMachineQueries(runner),
    events: new SqliteEvents(connection, runner, take),
    machines: new MachineQueries(runner),
    inventories: new InventoryQueries(runner),
    transitions: new TransitionQueries(runner),
    catalogParts: new CatalogPartQueries(runner),
    lives: new LifeQueries(runner),
    audit: new AuditQueries(runner),
    sessions: new BootSessionQueries(runner),
    localBoots: new LocalBootQueries(runner),
    tokens: new TokenQueries(runner),
    operations: new OperationQueries(runner),
    reports: new ReportQueries(runner),
    dnsRecords: new DnsRecordQueries(runner),
    upkeep: new SqliteProbe(runner, connection.file),
    close: () => turns.take(() => connection.close()),
  };
}

class SqliteProbe implements ProbeStore {
  readonly #queries: ProbeQueries;
  readonly #file: string;

  constructor(runner: QueryRunner, file: string) {
    this.#queries = new ProbeQueries(runner, sql`delete from store_probe`);
    this.#file = file;
  }

  async look(): Promise<void> {
    requireRoom(this.#file);
    await this.#queries.look();
  }

  async probe(bytes: number): Promise<void> {
    requireRoom(this.#file);
    await this.#queries.probe(bytes);
  }
}

class SqliteEvents extends EventQueries {
  readonly #take: (work: () => void) => Promise<void>;
  readonly #append: (events: readonly NewBootEvent[], options: AppendOptions) => void;

  constructor(connection: SqliteConnection, runner: QueryRunner, take: (work: () => void) => Promise<void>) {
    super(runner);
    this.#take = take;
    this.#append = prepareEventAppend(connection);
  }

  appendEvents(events: readonly NewBootEvent[], options: AppendOptions = {}): Promise<void> {
    return this.#take(() => this.#append(events, options));
  }
}
