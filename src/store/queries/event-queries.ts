import type { Kysely } from 'kysely';
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
import { pruneLog } from './prune-log.ts';
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

  async findEventRange(): Promise<{ first: number; last: number } | undefined> {
    const row = await this.runner.read((tables) =>
      tables
        .selectFrom('boot_events')
        .select(({ fn }) => [fn.min('id').as('first'), fn.max('id').as('last')])
        .executeTakeFirstOrThrow(),
    );
    return row.first === null ? undefined : { first: Number(row.first), last: Number(row.last) };
  }

  pruneEvents(retention: LogRetention): Promise<number> {
    return this.runner.write((tables) => pruneLog(tables, 'boot_events', this.runner.time, retention));
  }
}

/** The events that the query asks for, the oldest first. */
export async function listEvents(
  tables: Kysely<StoreTables>,
  time: TimeColumn,
  { afterId, beforeId, kind, limit, mac, macs, sessionId }: BootEventQuery,
): Promise<StoredBootEvent[]> {
  let query = tables.selectFrom('boot_events').selectAll().limit(limit);
  if (mac !== undefined) query = query.where('mac', '=', mac);
  if (macs !== undefined) query = query.where('mac', 'in', macs);
  if (sessionId !== undefined) query = query.where('session_id', '=', sessionId);
  if (beforeId !== undefined) query = query.where('id', '<', beforeId);
  if (kind !== undefined) query = query.where('kind', '=', kind);
  if (afterId !== undefined) query = query.where('id', '>', afterId);
  const rows = await query.orderBy('id', afterId === undefined ? 'desc' : 'asc').execute();
  if (afterId === undefined) rows.reverse();
  return rows.map((row) => eventFromRow(row, time));
}
