import { type Kysely, type Migration, sql } from 'kysely';

/** The tables of SQLite after its fifth migration, and those that allow only one process at a time to write. */
export const allTables: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await createLeasesAndHistory(db);
    await createMachines(db);
    await createKeptCatalog(db);
    await createDnsRecords(db);
    await createOwnership(db);
  },
};

async function createLeasesAndHistory(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('leases')
    .addColumn('address', 'text', (column) => column.primaryKey())
    .addColumn('subnet_id', 'text', (column) => column.notNull())
    .addColumn('client_key', 'text', (column) => column.notNull())
    .addColumn('chaddr', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('client_id', 'text')
    .addColumn('hostname', 'text')
    .addColumn('relay_info', 'text')
    .addColumn('bound_at', 'timestamptz', (column) => column.notNull())
    .addColumn('expires_at', 'timestamptz', (column) => column.notNull())
    .execute();
  await db.schema
    .createTable('discovered_machines')
    // Sorted by bytes, as in SQLite, regardless of the database's collation.
    .addColumn('mac', sql`text collate "C"`, (column) => column.primaryKey())
    .addColumn('uuid', 'text')
    .addColumn('serial', 'text')
    .addColumn('manufacturer', 'text')
    .addColumn('product', 'text')
    .addColumn('arch', 'text')
    .addColumn('platform', 'text')
    .addColumn('address', 'text')
    .addColumn('first_seen_at', 'timestamptz', (column) => column.notNull())
    .addColumn('last_seen_at', 'timestamptz', (column) => column.notNull())
    .execute();
  await createIndex(db, 'discovered_machines_by_time', 'discovered_machines', ['last_seen_at', 'mac']);
  await db.schema
    .createTable('boot_events')
    .addColumn('id', 'bigint', (column) => column.primaryKey().generatedAlwaysAsIdentity())
    .addColumn('session_id', 'text', (column) => column.notNull())
    .addColumn('at', 'timestamptz', (column) => column.notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('mac', 'text')
    .addColumn('address', 'text')
    .addColumn('machine_id', 'text')
    .addColumn('summary', 'text', (column) => column.notNull())
    // `json` keeps the text as it is; `jsonb` refuses the character NUL, which machines may send.
    .addColumn('detail', 'json', (column) => column.notNull())
    .execute();
  await createIndex(db, 'boot_events_by_mac', 'boot_events', ['mac', 'id']);
  await createIndex(db, 'boot_events_by_kind', 'boot_events', ['kind', 'id']);
  await createIndex(db, 'boot_events_by_time', 'boot_events', ['at']);
}

async function createMachines(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('machines')
    .addColumn('source', sql`text collate "C"`, (column) => column.notNull())
    .addColumn('id', sql`text collate "C"`, (column) => column.notNull())
    .addColumn('record', 'json', (column) => column.notNull())
    .addPrimaryKeyConstraint('machines_key', ['source', 'id'])
    .execute();
  await db.schema
    .createTable('transitions')
    .addColumn('number', 'bigint', (column) => column.primaryKey())
    .addColumn('at', 'timestamptz', (column) => column.notNull())
    .addColumn('machine_id', 'text', (column) => column.notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('source', 'text', (column) => column.notNull())
    .addColumn('detail', 'json', (column) => column.notNull())
    .execute();
  // A row and not a sequence, whose numbers are lost when a transaction fails.
  await db.schema
    .createTable('transition_counter')
    .addColumn('last', 'bigint', (column) => column.notNull())
    .execute();
  await sql`insert into transition_counter (last) values (0)`.execute(db);
}

async function createKeptCatalog(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('kept_catalog')
    .addColumn('generation', 'text', (column) => column.notNull())
    .addColumn('kept_at', 'timestamptz', (column) => column.notNull())
    .addColumn('content_id', 'bigint', (column) => column.notNull())
    .execute();
  await db.schema
    .createTable('kept_catalog_parts')
    .addColumn('content_id', 'bigint', (column) => column.notNull())
    .addColumn('part', 'integer', (column) => column.notNull())
    .addColumn('bytes', 'bytea', (column) => column.notNull())
    .addPrimaryKeyConstraint('kept_catalog_parts_key', ['content_id', 'part'])
    .execute();
}

async function createDnsRecords(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('dns_records')
    .addColumn('address', 'text', (column) => column.primaryKey())
    .addColumn('record', 'json', (column) => column.notNull())
    .execute();
}

async function createOwnership(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('write_fences')
    .addColumn('aggregate', 'text', (column) => column.primaryKey())
    .addColumn('token', 'text', (column) => column.notNull())
    .execute();
  await db.schema
    .createTable('store_owner')
    .addColumn('owner', 'text', (column) => column.notNull())
    .addColumn('pid', 'integer', (column) => column.notNull())
    .addColumn('command', 'text', (column) => column.notNull())
    .addColumn('host', 'text', (column) => column.notNull())
    .addColumn('since', 'timestamptz', (column) => column.notNull())
    .execute();
}

async function createIndex(
  db: Kysely<unknown>,
  name: string,
  table: string,
  columns: readonly string[],
): Promise<void> {
  await db.schema
    .createIndex(name)
    .on(table)
    .columns([...columns])
    .execute();
}
