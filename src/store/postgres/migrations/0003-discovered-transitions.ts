import { type Kysely, type Migration, sql } from 'kysely';
import { logDiscoveredMachines } from '../../log-discovered-machines.ts';

/** Transitions of the machines that were discovered before transitions were written. */
export const discoveredTransitions: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await logDiscoveredMachines(db, sql`cast('{}' as json)`);
  },
};
