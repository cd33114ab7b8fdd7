import type { Kysely } from 'kysely';
import type { TimeColumn } from '../columns.ts';
import type { StoreOwner } from '../owner.ts';
import type { StoreTables } from '../tables.ts';

/** An owner with an id that no other process ever had. */
export interface SignedOwner extends StoreOwner {
  readonly owner: string;
}

/** Records who has the store, for the error message of another process that tries to open it. */
export async function signOwner(
  tables: Kysely<StoreTables>,
  time: TimeColumn,
  { command, host, owner, pid, since }: SignedOwner,
): Promise<void> {
  await tables.transaction().execute(async (all) => {
    await all.deleteFrom('store_owner').execute();
    await all
      .insertInto('store_owner')
      .values({ owner, pid, command, host, since: time.encode(since.getTime()) })
      .execute();
  });
}

/** The process that has the store, or had it last. */
export async function findOwner(
  tables: Kysely<StoreTables>,
  time: TimeColumn,
): Promise<SignedOwner | undefined> {
  const row = await tables.selectFrom('store_owner').selectAll().executeTakeFirst();
  return row === undefined ? undefined : { ...row, since: new Date(time.decode(row.since)) };
}
