import { type Kysely, type Migration, sql } from 'kysely';

/** One row for each boot of a machine: how far it got. */
export const bootSessions: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('boot_sessions')
      .addColumn('id', 'text', (column) => column.primaryKey().notNull())
      .addColumn('machine_id', 'text')
      .addColumn('started_at', 'integer', (column) => column.notNull())
      .addColumn('phase', 'text')
      .addColumn('verdict', 'text', (column) => column.notNull())
      .addColumn('summary', 'text', (column) => column.notNull())
      .modifyEnd(sql`without rowid`)
      .execute();
    await db.schema
      .createIndex('boot_sessions_by_time')
      .on('boot_sessions')
      .columns(['started_at', 'id'])
      .execute();
    await db.schema
      .createIndex('boot_sessions_by_machine')
      .on('boot_sessions')
      .columns(['machine_id', 'started_at', 'id'])
      .execute();
  },
};
