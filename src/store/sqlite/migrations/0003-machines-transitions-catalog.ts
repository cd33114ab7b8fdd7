import { type Kysely, type Migration, sql } from 'kysely';

/** Records of machines, the numbered log of their transitions, and the last good catalog. */
export const machinesTransitionsCatalog: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('machines')
      .addColumn('source', 'text', (column) => column.notNull())
      .addColumn('id', 'text', (column) => column.notNull())
      .addColumn('record', 'text', (column) => column.notNull())
      .addPrimaryKeyConstraint('machines_key', ['source', 'id'])
      .modifyEnd(sql`without rowid`)
      .execute();

    await db.schema
      .createTable('transitions')
      .addColumn('number', 'integer', (column) => column.primaryKey().notNull())
      .addColumn('at', 'integer', (column) => column.notNull())
      .addColumn('machine_id', 'text', (column) => column.notNull())
      .addColumn('kind', 'text', (column) => column.notNull())
      .addColumn('source', 'text', (column) => column.notNull())
      .addColumn('detail', 'text', (column) => column.notNull())
      .execute();
    // A row and not AUTOINCREMENT: it continues after the log was shortened, and gives the last number at once.
    await db.schema
      .createTable('transition_counter')
      .addColumn('last', 'integer', (column) => column.notNull())
      .execute();
    await sql`insert into transition_counter (last) values (0)`.execute(db);

    await db.schema
      .createTable('kept_catalog')
      .addColumn('generation', 'text', (column) => column.notNull())
      .addColumn('kept_at', 'integer', (column) => column.notNull())
      .addColumn('content_id', 'integer', (column) => column.notNull())
      .execute();
    await db.schema
      .createTable('kept_catalog_parts')
      .addColumn('content_id', 'integer', (column) => column.notNull())
      .addColumn('part', 'integer', (column) => column.notNull())
      .addColumn('bytes', 'blob', (column) => column.notNull())
      .addPrimaryKeyConstraint('kept_catalog_parts_key', ['content_id', 'part'])
      .execute();
  },
};
