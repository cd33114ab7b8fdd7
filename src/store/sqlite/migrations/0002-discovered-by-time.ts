import type { Kysely, Migration } from 'kysely';

/** Finds the discovered machines that were seen longest ago, which are deleted first. */
export const discoveredByTime: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createIndex('discovered_machines_by_time')
      .on('discovered_machines')
      .columns(['last_seen_at', 'mac'])
      .execute();
  },
};
