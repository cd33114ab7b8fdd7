import { type Kysely, type Migration, sql } from 'kysely';

/** Tokens of the operator plane, without their secrets. */
export const tokens: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('tokens')
      .addColumn('id', 'text', (column) => column.notNull().primaryKey())
      .addColumn('record', 'text', (column) => column.notNull())
      .addColumn('last_used_at', 'integer')
      .addColumn('last_used_from', 'text')
      .modifyEnd(sql`without rowid`)
      .execute();
  },
};
