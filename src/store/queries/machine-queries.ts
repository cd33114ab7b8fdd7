import type { Kysely } from 'kysely';
import { decodeJson, encodeJson } from '../columns.ts';
import type { MachineChange, MachineStore, StoredMachine } from '../machine-store.ts';
import type { StoreTables } from '../tables.ts';
import type { Transition, TransitionStore } from '../transition-store.ts';
import type { QueryRunner } from './query-runner.ts';
import { transitionFromRow, transitionToRow } from './rows.ts';

/** Rows of one statement: SQLite takes 32,766 values in one. */
const ROWS_MAX = 500;

/** The records of machines in either database, and the transitions that are written with them. */
export class MachineQueries implements MachineStore, TransitionStore {
  readonly #runner: QueryRunner;

  constructor(runner: QueryRunner) {
    this.#runner = runner;
  }

  async loadMachines(): Promise<StoredMachine[]> {
    const rows = await this.#runner.read((tables) =>
      tables.selectFrom('machines').selectAll().orderBy('source').orderBy('id').execute(),
    );
    return rows.map(({ id, record, source }) => ({ source, id, record: decodeJson(record) }));
  }

  async applyMachineChanges(changes: readonly MachineChange[]): Promise<Transition[]> {
    if (changes.length === 0) return [];
    return this.#runner.write(async (tables) => {
      // The counter comes first: its row is what makes one transaction wait for another.
      const first = (await takeNumbers(tables, changes.length)) - changes.length + 1;
      const transitions = changes.map(({ transition }, index) => ({ ...transition, number: first + index }));
      await writeRecords(tables, outcomes(changes));
      const rows = transitions.map((transition) => transitionToRow(transition, this.#runner.time));
      for (const some of inPieces(rows)) await tables.insertInto('transitions').values(some).execute();
      return transitions;
    });
  }

  async readTransitions({ after, limit }: { after: number; limit: number }): Promise<Transition[]> {
    const rows = await this.#runner.read((tables) =>
      tables
        .selectFrom('transitions')
        .selectAll()
        .where('number', '>', after)
        .orderBy('number')
        .limit(limit)
        .execute(),
    );
    return rows.map((row) => transitionFromRow(row, this.#runner.time));
  }

  async lastTransition(): Promise<number> {
    const { last } = await this.#runner.read((tables) =>
      tables.selectFrom('transition_counter').select('last').executeTakeFirstOrThrow(),
    );
    return last;
  }
}

async function takeNumbers(tables: Kysely<StoreTables>, count: number): Promise<number> {
  const { last } = await tables
    .updateTable('transition_counter')
    .set((row) => ({ last: row('last', '+', count) }))
    .returning('last')
    .executeTakeFirstOrThrow();
  return last;
}

/** What the changes amount to: the last one of each record. */
function outcomes(changes: readonly MachineChange[]): MachineChange[] {
  const last = new Map<string, MachineChange>();
  for (const change of changes) {
    const { id, source } = change.kind === 'put' ? change.machine : change;
    last.set(JSON.stringify([source, id]), change);
  }
  return [...last.values()];
}

async function writeRecords(tables: Kysely<StoreTables>, changes: readonly MachineChange[]): Promise<void> {
  const puts: { source: string; id: string; record: ReturnType<typeof encodeJson> }[] = [];
  const deletes = new Map<string, string[]>();
  for (const change of changes) {
    if (change.kind === 'put') {
      const { id, record, source } = change.machine;
      puts.push({ source, id, record: encodeJson(record) });
    } else {
      const ids = deletes.get(change.source) ?? [];
      ids.push(change.id);
      deletes.set(change.source, ids);
    }
  }
  for (const [source, ids] of deletes) {
    for (const some of inPieces(ids)) {
      await tables.deleteFrom('machines').where('source', '=', source).where('id', 'in', some).execute();
    }
  }
  for (const some of inPieces(puts)) {
    await tables
      .insertInto('machines')
      .values(some)
      .onConflict((conflict) =>
        conflict.columns(['source', 'id']).doUpdateSet((row) => ({ record: row.ref('excluded.record') })),
      )
      .execute();
  }
}

function inPieces<T>(all: readonly T[]): T[][] {
  const pieces: T[][] = [];
  for (let at = 0; at < all.length; at += ROWS_MAX) pieces.push(all.slice(at, at + ROWS_MAX));
  return pieces;
}
