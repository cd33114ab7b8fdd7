import type { Kysely, SelectQueryBuilder } from 'kysely';
import type {
  AppendOptions,
  BootEventQuery,
  EventStore,
  NewBootEvent,
  StoredBootEvent,
} from '../event-store.ts';
import type { LogRetention } from '../retention.ts';
import type { TimeColumn } from '../columns.ts';
import type { StoreTables } from '../tables.ts';
import type { QueryRunner } from './query-runner.ts';
import { eventFromRow } from './rows.ts';

/** The boot events in either database; each has its own fast way of appending them. */
export abstract class EventQueries implements EventStore {
  protected readonly runner: QueryRunner;

  constructor(runner: QueryRunner) {
    this.runner = runner;
  }

  abstract appendEvents(events: readonly NewBootEvent[], options?: AppendOptions): Promise<void>;

  listEvents(query: BootEventQuery): Promise<StoredBootEvent[]> {
    return this.runner.read((tables) => listEvents(tables, this.runner.time, query));
  }

  pruneEvents({ atOnce, before, newest }: LogRetention): Promise<number> {
    const oldest = this.runner.time.encode(before.getTime());
    return this.runner.write(async (tables) => {
      const aged = tables.selectFrom('boot_events').select('id').where('at', '<', oldest);
      const deleted = await deleteEvents(tables, aged.orderBy('at').limit(atOnce));
      if (deleted === atOnce) return deleted;
      // The oldest events are deleted first, so their number is at most the difference of the first and the last id;
      // counting would read all of them.
      const { last } = await tables
        .selectFrom('boot_events')
        .select(({ fn }) => fn.max('id').as('last'))
        .executeTakeFirstOrThrow();
      const surplus = tables
        .selectFrom('boot_events')
        .select('id')
        .where('id', '<=', Number(last) - newest);
      return deleted + (await deleteEvents(tables, surplus.orderBy('id').limit(atOnce - deleted)));
    });
  }
}

async function deleteEvents(
  tables: Kysely<StoreTables>,
  ids: SelectQueryBuilder<StoreTables, 'boot_events', { id: number }>,
): Promise<number> {
  const result = await tables.deleteFrom('boot_events').where('id', 'in', ids).executeTakeFirst();
  return Number(result.numDeletedRows);
}

/** The events that the query asks for, the oldest first. */
export async function listEvents(
  tables: Kysely<StoreTables>,
  time: TimeColumn,
  { afterId, kind, limit, mac }: BootEventQuery,
): Promise<StoredBootEvent[]> {
  let query = tables.selectFrom('boot_events').selectAll().limit(limit);
  if (mac !== undefined) query = query.where('mac', '=', mac);
  if (kind !== undefined) query = query.where('kind', '=', kind);
  if (afterId !== undefined) query = query.where('id', '>', afterId);
  const rows = await query.orderBy('id', afterId === undefined ? 'desc' : 'asc').execute();
  if (afterId === undefined) rows.reverse();
  return rows.map((row) => eventFromRow(row, time));
}
