import { type Kysely, type Migration, sql } from 'kysely';

/** Inventories, and changes of their machines that are not records yet. */
export const inventories: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('inventories')
      .addColumn('name', 'text', (column) => column.primaryKey().notNull())
      .addColumn('put_at', 'integer', (column) => column.notNull())
      .addColumn('put_by', 'text', (column) => column.notNull())
      .addColumn('put_id', 'text', (column) => column.notNull())
      .addColumn('state', 'text', (column) => column.notNull())
      .modifyEnd(sql`without rowid`)
      .execute();
    await db.schema
      .createTable('staged_changes')
      .addColumn('put_id', 'text', (column) => column.notNull())
      .addColumn('number', 'integer', (column) => column.notNull())
      .addColumn('change', 'text', (column) => column.notNull())
      .addPrimaryKeyConstraint('staged_changes_key', ['put_id', 'number'])
      .modifyEnd(sql`without rowid`)
      .execute();
  },
};
