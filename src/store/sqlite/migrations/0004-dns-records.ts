import { type Kysely, type Migration, sql } from 'kysely';

/** What was put into DNS, by address. */
export const dnsRecords: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('dns_records')
      .addColumn('address', 'text', (column) => column.primaryKey().notNull())
      .addColumn('record', 'text', (column) => column.notNull())
      .modifyEnd(sql`without rowid`)
      .execute();
  },
};
