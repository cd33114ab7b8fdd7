import type { Kysely, Migration } from 'kysely';

/** One row for each boot of a machine: how far it got. */
export const bootSessions: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('boot_sessions')
      .addColumn('id', 'text', (column) => column.primaryKey().notNull())
      .addColumn('machine_id', 'text')
      .addColumn('started_at', 'timestamptz', (column) => column.notNull())
      .addColumn('phase', 'text')
      .addColumn('verdict', 'text', (column) => column.notNull())
      .addColumn('summary', 'json', (column) => column.notNull())
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
