import type { Kysely, Migration } from 'kysely';

/** What machines report, what they report of their hardware, and how that has changed. */
export const reports: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('reports')
      .addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement().notNull())
      .addColumn('machine_id', 'text', (column) => column.notNull())
      .addColumn('at', 'integer', (column) => column.notNull())
      .addColumn('status', 'text', (column) => column.notNull())
      .addColumn('phase', 'text')
      .addColumn('message', 'text', (column) => column.notNull())
      .addColumn('detail', 'text', (column) => column.notNull())
      .execute();
    await db.schema.createIndex('reports_by_machine').on('reports').columns(['machine_id', 'id']).execute();
    await db.schema.createIndex('reports_by_time').on('reports').column('at').execute();
    await db.schema
      .createTable('machine_facts')
      .addColumn('machine_id', 'text', (column) => column.primaryKey().notNull())
      .addColumn('changed_at', 'integer', (column) => column.notNull())
      .addColumn('reported_at', 'integer', (column) => column.notNull())
      .addColumn('facts', 'text', (column) => column.notNull())
      .execute();
    await db.schema.createIndex('machine_facts_by_time').on('machine_facts').column('reported_at').execute();
    await db.schema
      .createTable('fact_changes')
      .addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement().notNull())
      .addColumn('machine_id', 'text', (column) => column.notNull())
      .addColumn('at', 'integer', (column) => column.notNull())
      .addColumn('changes', 'text', (column) => column.notNull())
      .execute();
    await db.schema
      .createIndex('fact_changes_by_machine')
      .on('fact_changes')
      .columns(['machine_id', 'id'])
      .execute();
    await db.schema.createIndex('fact_changes_by_time').on('fact_changes').column('at').execute();
    await db.schema.createIndex('audit_by_time').on('audit').column('at').execute();
  },
};
