import type { Kysely, Migration } from 'kysely';

/** Where an audited request came from and its id; and what finds the transitions of a machine and the audit of a target. */
export const auditOrigin: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema.alterTable('audit').addColumn('address', 'text').execute();
    await db.schema.alterTable('audit').addColumn('request_id', 'text').execute();
    await db.schema.createIndex('audit_by_target').on('audit').columns(['target', 'id']).execute();
    await db.schema
      .createIndex('transitions_by_machine')
      .on('transitions')
      .columns(['machine_id', 'number'])
      .execute();
  },
};
