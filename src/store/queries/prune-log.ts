import type { Kysely, SelectQueryBuilder } from 'kysely';
import type { TimeColumn } from '../columns.ts';
import type { LogRetention } from '../retention.ts';
import type { StoreTables } from '../tables.ts';

/** Tables to which entries with increasing ids are appended, with an index on `at`. */
type LogTable = 'audit' | 'boot_events' | 'fact_changes' | 'reports';

/** Deletes the oldest entries beyond the limits within the transaction of the caller, and returns how many. */
export async function pruneLog(
  tables: Kysely<StoreTables>,
  table: LogTable,
  time: TimeColumn,
  { atOnce, before, newest }: LogRetention,
): Promise<number> {
  // All of them have the columns that are used here.
  const log = table as 'audit';
  const oldest = time.encode(before.getTime());
  const aged = tables.selectFrom(log).select('id').where('at', '<', oldest);
  const deleted = await deleteEntries(tables, log, aged.orderBy('at').limit(atOnce));
  if (deleted === atOnce) return deleted;
  // The oldest entries are deleted first, so their number is at most the difference of the first and the last id;
  // counting would read all of them.
  const { last } = await tables
    .selectFrom(log)
    .select(({ fn }) => fn.max('id').as('last'))
    .executeTakeFirstOrThrow();
  const surplus = tables
    .selectFrom(log)
    .select('id')
    .where('id', '<=', Number(last) - newest);
  return deleted + (await deleteEntries(tables, log, surplus.orderBy('id').limit(atOnce - deleted)));
}

async function deleteEntries(
  tables: Kysely<StoreTables>,
  log: 'audit',
  ids: SelectQueryBuilder<StoreTables, 'audit', { id: number }>,
): Promise<number> {
  const { numDeletedRows } = await tables.deleteFrom(log).where('id', 'in', ids).executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}
