import type { Kysely } from 'kysely';
import type { TimeColumn } from '../columns.ts';
import type { StoreTables } from '../tables.ts';
import type { NewTransition, Transition } from '../transition-store.ts';
import { inPieces } from './in-pieces.ts';
import { transitionToRow } from './rows.ts';

/**
 * Appends transitions within the transaction of the caller, which makes the changes that they describe. The counter's
 * row makes such transactions wait for each other, so that numbers become visible in order.
 */
export async function appendTransitions(
  tables: Kysely<StoreTables>,
  time: TimeColumn,
  transitions: readonly NewTransition[],
): Promise<Transition[]> {
  if (transitions.length === 0) return [];
  const first = (await takeNumbers(tables, transitions.length)) - transitions.length + 1;
  const numbered = transitions.map((transition, index) => ({ ...transition, number: first + index }));
  const rows = numbered.map((transition) => transitionToRow(transition, time));
  for (const some of inPieces(rows)) await tables.insertInto('transitions').values(some).execute();
  return numbered;
}

async function takeNumbers(tables: Kysely<StoreTables>, count: number): Promise<number> {
  const { last } = await tables
    .updateTable('transition_counter')
    .set((row) => ({ last: row('last', '+', count) }))
    .returning('last')
    .executeTakeFirstOrThrow();
  return last;
}
