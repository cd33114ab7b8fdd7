import type { Kysely, Migration } from 'kysely';

/** The process that has the database, for the error message of a second one. */
export const storeOwner: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('store_owner')
      .addColumn('owner', 'text', (column) => column.notNull())
      .addColumn('pid', 'integer', (column) => column.notNull())
      .addColumn('command', 'text', (column) => column.notNull())
      .addColumn('host', 'text', (column) => column.notNull())
      .addColumn('since', 'integer', (column) => column.notNull())
      .execute();
  },
};
