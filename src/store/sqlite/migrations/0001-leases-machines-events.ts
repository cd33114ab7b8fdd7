import { type Kysely, type Migration, sql } from 'kysely';

/** Leases by address, discovered machines, and the log of boot events. */
export const leasesMachinesEvents: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('leases')
      .addColumn('address', 'text', (column) => column.primaryKey().notNull())
      .addColumn('subnet_id', 'text', (column) => column.notNull())
      .addColumn('client_key', 'text', (column) => column.notNull())
      .addColumn('chaddr', 'text', (column) => column.notNull())
      .addColumn('state', 'text', (column) => column.notNull())
      .addColumn('client_id', 'text')
      .addColumn('hostname', 'text')
      .addColumn('relay_info', 'text')
      .addColumn('bound_at', 'integer', (column) => column.notNull())
      .addColumn('expires_at', 'integer', (column) => column.notNull())
      // One tree instead of a table and its index: half as many pages are written before an ACK may be sent.
      .modifyEnd(sql`without rowid`)
      .execute();

    await db.schema
      .createTable('discovered_machines')
      .addColumn('mac', 'text', (column) => column.primaryKey().notNull())
      .addColumn('uuid', 'text')
      .addColumn('serial', 'text')
      .addColumn('manufacturer', 'text')
      .addColumn('product', 'text')
      .addColumn('arch', 'text')
      .addColumn('platform', 'text')
      .addColumn('address', 'text')
      .addColumn('first_seen_at', 'integer', (column) => column.notNull())
      .addColumn('last_seen_at', 'integer', (column) => column.notNull())
      .execute();

    await db.schema
      .createTable('boot_events')
      // AUTOINCREMENT: an id is a cursor, so it must not be reused after the newest events were deleted.
      .addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement().notNull())
      .addColumn('session_id', 'text', (column) => column.notNull())
      .addColumn('at', 'integer', (column) => column.notNull())
      .addColumn('kind', 'text', (column) => column.notNull())
      .addColumn('mac', 'text')
      .addColumn('address', 'text')
      .addColumn('machine_id', 'text')
      .addColumn('summary', 'text', (column) => column.notNull())
      .addColumn('detail', 'text', (column) => column.notNull())
      .execute();
    await db.schema.createIndex('boot_events_by_mac').on('boot_events').columns(['mac', 'id']).execute();
    await db.schema.createIndex('boot_events_by_kind').on('boot_events').columns(['kind', 'id']).execute();
    await db.schema.createIndex('boot_events_by_time').on('boot_events').column('at').execute();
  },
};
