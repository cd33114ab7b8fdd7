import type { Statement } from 'better-sqlite3';
import type { Compilable, SelectQueryBuilder } from 'kysely';
import { UNSPECIFIED_ADDRESS } from '../protocol/ipv4-address.ts';
import type { Lease, LeaseChange } from '../provision/dhcp/leases/lease.ts';
import {
  openSqlite,
  openSqliteToRead,
  type SqliteConnection,
  type SqliteSettings,
  withoutSync,
} from './sqlite-connection.ts';
import {
  eventFromRow,
  eventToRow,
  leaseFromRow,
  leaseToRow,
  machineFromRow,
  machineToRow,
} from './sqlite-rows.ts';
import type { StoreTables } from './sqlite-tables.ts';
import type {
  BootEventQuery,
  DiscoveredMachine,
  EventRetention,
  Retention,
  Store,
  StoredBootEvent,
} from './store.ts';

type NewEvent = Omit<StoredBootEvent, 'id'>;

/**
 * The store on SQLite, in the thread that calls it: nothing else runs there until the disk has a commit.
 * ThreadedStore keeps that wait out of a server's event loop.
 */
export class SqliteStore implements Store {
  readonly #connection: SqliteConnection;
  readonly #commitLeases: (changes: readonly LeaseChange[]) => void;
  readonly #appendEvents: (events: readonly NewEvent[]) => void;

  /** Opens and migrates the database. Rejects with an Error that names the file and says what to do. */
  static async open(settings: SqliteSettings): Promise<SqliteStore> {
    return new SqliteStore(await openSqlite(settings));
  }

  /**
   * Opens the database of another process to read its events. Throws an Error that names the file, also if another
   * version of Railhead has written it.
   */
  static openToRead(file: string): Pick<Store, 'listEvents' | 'close'> {
    const connection = openSqliteToRead(file);
    try {
      return new SqliteStore(connection);
    } catch (error) {
      connection.database.close();
      const message = error instanceof Error ? error.message : String(error);
      throw new Error(`read the store ${file}: ${message}; use the version of Railhead that serves from it`, {
        cause: error,
      });
    }
  }

  private constructor(connection: SqliteConnection) {
    this.#connection = connection;
    this.#commitLeases = prepareLeaseCommit(connection);
    this.#appendEvents = prepareEventAppend(connection);
  }

  async loadLeases(): Promise<Lease[]> {
    const rows = await this.#connection.tables.selectFrom('leases').selectAll().execute();
    return rows.map(leaseFromRow);
  }

  // These two are async so that a broken database is a rejection, like everywhere else.
  // eslint-disable-next-line @typescript-eslint/require-await
  async commitLeases(changes: readonly LeaseChange[]): Promise<void> {
    this.#commitLeases(changes);
  }

  // eslint-disable-next-line @typescript-eslint/require-await
  async appendEvents(events: readonly NewEvent[]): Promise<void> {
    this.#appendEvents(events);
  }

  async recordDiscovered(machine: DiscoveredMachine): Promise<void> {
    const row = machineToRow(machine);
    const news = Object.entries(row).filter(
      ([column, value]) => value !== null && column !== 'mac' && column !== 'first_seen_at',
    );
    await this.#connection.tables
      .insertInto('discovered_machines')
      .values(row)
      .onConflict((conflict) => conflict.column('mac').doUpdateSet(Object.fromEntries(news)))
      .execute();
  }

  async listDiscovered(): Promise<DiscoveredMachine[]> {
    const { tables } = this.#connection;
    const rows = await tables.selectFrom('discovered_machines').selectAll().orderBy('mac').execute();
    return rows.map(machineFromRow);
  }

  async pruneDiscovered({ atOnce, newest }: Retention): Promise<number> {
    const { tables } = this.#connection;
    const { count } = await tables
      .selectFrom('discovered_machines')
      .select(({ fn }) => fn.countAll().as('count'))
      .executeTakeFirstOrThrow();
    const surplus = Math.min(Number(count) - newest, atOnce);
    if (surplus <= 0) return 0;
    const oldest = tables.selectFrom('discovered_machines').select('mac').orderBy('last_seen_at');
    const result = await tables
      .deleteFrom('discovered_machines')
      .where('mac', 'in', oldest.orderBy('mac').limit(surplus))
      .executeTakeFirst();
    return Number(result.numDeletedRows);
  }

  async listEvents({ afterId, kind, limit, mac }: BootEventQuery): Promise<StoredBootEvent[]> {
    let query = this.#connection.tables.selectFrom('boot_events').selectAll().limit(limit);
    if (mac !== undefined) query = query.where('mac', '=', mac);
    if (kind !== undefined) query = query.where('kind', '=', kind);
    if (afterId !== undefined) query = query.where('id', '>', afterId);
    const rows = await query.orderBy('id', afterId === undefined ? 'desc' : 'asc').execute();
    if (afterId === undefined) rows.reverse();
    return rows.map(eventFromRow);
  }

  async pruneEvents({ atOnce, before, newest }: EventRetention): Promise<number> {
    const { tables } = this.#connection;
    const aged = tables.selectFrom('boot_events').select('id').where('at', '<', before.getTime());
    const deleted = await this.#deleteEvents(aged.orderBy('at').limit(atOnce));
    if (deleted === atOnce) return deleted;
    // Events go oldest first, so that there are no more of them than the ids they span; counting reads them all.
    const { last } = await tables
      .selectFrom('boot_events')
      .select(({ fn }) => fn.max('id').as('last'))
      .executeTakeFirstOrThrow();
    const surplus = tables
      .selectFrom('boot_events')
      .select('id')
      .where('id', '<=', Number(last) - newest);
    return deleted + (await this.#deleteEvents(surplus.orderBy('id').limit(atOnce - deleted)));
  }

  async #deleteEvents(ids: SelectQueryBuilder<StoreTables, 'boot_events', { id: number }>): Promise<number> {
    const { tables } = this.#connection;
    const result = await tables.deleteFrom('boot_events').where('id', 'in', ids).executeTakeFirst();
    return Number(result.numDeletedRows);
  }

  async close(): Promise<void> {
    await this.#connection.tables.destroy();
  }
}

// What happens thousands of times a second is built and typed by Kysely once, and then runs as a prepared statement.

function prepareLeaseCommit(connection: SqliteConnection): (changes: readonly LeaseChange[]) => void {
  const { database, tables } = connection;
  const { address: _address, ...rest } = leaseToRow(SOME_LEASE);
  const columns = Object.keys(rest) as (keyof typeof rest)[];
  const put = prepare(
    connection,
    tables
      .insertInto('leases')
      .values(leaseToRow(SOME_LEASE))
      .onConflict((conflict) =>
        conflict
          .column('address')
          .doUpdateSet((row) =>
            Object.fromEntries(columns.map((column) => [column, row.ref(`excluded.${column}`)])),
          ),
      ),
  );
  const remove = prepare(connection, tables.deleteFrom('leases').where('address', '=', SOME_LEASE.address));
  const commit = database.transaction((changes: readonly LeaseChange[]) => {
    for (const change of changes) {
      if (change.kind === 'put') put.run(...Object.values(leaseToRow(change.lease)));
      else remove.run(change.address);
    }
  });
  return (changes) => commit.immediate(changes);
}

/**
 * Boot events are history, and nobody was promised them: their transactions wait for the operating system, and the
 * disk gets them with the next lease. Under a storm that halves how often it is waited for.
 */
function prepareEventAppend(connection: SqliteConnection): (events: readonly NewEvent[]) => void {
  const { database, tables } = connection;
  const insert = prepare(connection, tables.insertInto('boot_events').values(eventToRow(SOME_EVENT)));
  const append = database.transaction((events: readonly NewEvent[]) => {
    for (const event of events) insert.run(...Object.values(eventToRow(event)));
  });
  return (events) => withoutSync(database, () => append.immediate(events));
}

function prepare({ database }: SqliteConnection, query: Compilable): Statement {
  return database.prepare(query.compile().sql);
}

/** Stand-ins with the columns of every lease and event; their values are not used. */
const SOME_LEASE: Lease = {
  address: UNSPECIFIED_ADDRESS,
  subnetId: '',
  clientKey: '',
  chaddr: '',
  state: 'bound',
  boundAt: 0,
  expiresAt: 0,
};
const SOME_EVENT: NewEvent = { sessionId: '', at: new Date(0), kind: 'dhcp.ack', summary: '', detail: {} };
