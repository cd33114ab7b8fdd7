import type { Kysely, Migration } from 'kysely';

/** Empty, except while a probe tests whether a full disk has space again. */
export const storeProbe: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('store_probe')
      .addColumn('content', 'bytea', (column) => column.notNull())
      .execute();
  },
};
