import type { Statement } from 'better-sqlite3';
import type { Compilable } from 'kysely';
import { UNSPECIFIED_ADDRESS } from '../../protocol/ipv4-address.ts';
import type { Lease, LeaseChange } from '../../provision/dhcp/leases/lease.ts';
import type { AppendOptions, NewBootEvent } from '../event-store.ts';
import { eventToRow, leaseToRow } from '../queries/rows.ts';
import { type SqliteConnection, withoutSync } from './sqlite-connection.ts';
import { SQLITE_TIME } from './sqlite-time.ts';

// Operations that run thousands of times a second: Kysely builds and types them once, and then they run as prepared
// statements.

/** Writes leases in one transaction. It is durable, as the connection's settings define it, when the call returns. */
export function prepareLeaseCommit(connection: SqliteConnection): (changes: readonly LeaseChange[]) => void {
  const { database, tables } = connection;
  const { address: _address, ...rest } = leaseToRow(SOME_LEASE, SQLITE_TIME);
  const columns = Object.keys(rest) as (keyof typeof rest)[];
  const put = prepare(
    connection,
    tables
      .insertInto('leases')
      .values(leaseToRow(SOME_LEASE, SQLITE_TIME))
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
      if (change.kind === 'put') put.run(...Object.values(leaseToRow(change.lease, SQLITE_TIME)));
      else remove.run(change.address);
    }
  });
  return (changes) => commit.immediate(changes);
}

/**
 * Appends boot events in one transaction. They are history, and no reply depends on them: unless they are `synced`,
 * they are passed only to the operating system, and reach the disk with the next lease. In a boot storm this halves the
 * number of waits for the disk.
 */
export function prepareEventAppend(
  connection: SqliteConnection,
): (events: readonly NewBootEvent[], options: AppendOptions) => void {
  const { database, tables } = connection;
  const insert = prepare(
    connection,
    tables.insertInto('boot_events').values(eventToRow(SOME_EVENT, SQLITE_TIME)),
  );
  const append = database.transaction((events: readonly NewBootEvent[]) => {
    for (const event of events) insert.run(...Object.values(eventToRow(event, SQLITE_TIME)));
  });
  return (events, { synced }) => {
    if (synced === true) append.immediate(events);
    else withoutSync(database, () => append.immediate(events));
  };
}

function prepare({ database }: SqliteConnection, query: Compilable): Statement {
  return database.prepare(query.compile().sql);
}

/** Placeholders with the columns of every lease and event; their values are not used. */
const SOME_LEASE: Lease = {
  address: UNSPECIFIED_ADDRESS,
  subnetId: '',
  clientKey: '',
  chaddr: '',
  state: 'bound',
  boundAt: 0,
  expiresAt: 0,
};
const SOME_EVENT: NewBootEvent = {
  sessionId: '',
  at: new Date(0),
  kind: 'dhcp.ack',
  summary: '',
  detail: {},
};
