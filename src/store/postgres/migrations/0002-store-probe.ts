import type { Kysely, Migration } from 'kysely';

/** Empty but while it is tried whether a full disk has room again. */
export const storeProbe: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('store_probe')
      .addColumn('content', 'bytea', (column) => column.notNull())
      .execute();
  },
};
