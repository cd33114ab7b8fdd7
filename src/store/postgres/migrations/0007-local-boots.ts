import type { Kysely, Migration } from 'kysely';

/** How machines boot from their disks: one row for each model, and one for each machine. */
export const localBoots: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('local_boots')
      .addColumn('kind', 'text', (column) => column.notNull())
      .addColumn('key', 'text', (column) => column.notNull())
      .addColumn('record', 'json', (column) => column.notNull())
      .addPrimaryKeyConstraint('local_boots_key', ['kind', 'key'])
      .execute();
  },
};
