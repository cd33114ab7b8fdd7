import type { Kysely } from 'kysely';
import type { NewAuditEntry } from '../audit-store.ts';
import { decodeJson, encodeJson, type TimeColumn } from '../columns.ts';
import type { MachineChange, MachineStore, StoredMachine } from '../machine-store.ts';
import type { StoreTables } from '../tables.ts';
import type { Transition } from '../transition-store.ts';
import { appendTransitions } from './append-transitions.ts';
import { insertAudit } from './audit-queries.ts';
import { deleteAdopted } from './discovered-machine-queries.ts';
import { inPieces } from './in-pieces.ts';
import type { QueryRunner } from './query-runner.ts';

/** The records of machines in either database. */
export class MachineQueries implements MachineStore {
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

  async applyMachineChanges(
    changes: readonly MachineChange[],
    audit: readonly NewAuditEntry[] = [],
  ): Promise<Transition[]> {
    if (changes.length === 0) return [];
    const { time } = this.#runner;
    return this.#runner.write(async (tables) => {
      await insertAudit(tables, time, audit);
      return changeMachines(tables, time, changes);
    });
  }
}

/** Makes changes of records within the transaction of the caller, and returns their transitions. */
export async function changeMachines(
  tables: Kysely<StoreTables>,
  time: TimeColumn,
  changes: readonly MachineChange[],
): Promise<Transition[]> {
  const told = await appendTransitions(
    tables,
    time,
    changes.map(({ transition }) => transition),
  );
  const last = outcomes(changes);
  await writeRecords(tables, last);
  const adoptions = last.flatMap((change) => {
    if (change.kind === 'delete') return [];
    const { adopts, machine, transition } = change;
    return [{ machineId: machine.id, at: transition.at, adopts }];
  });
  const adopted = await appendTransitions(tables, time, await deleteAdopted(tables, adoptions));
  return [...told, ...adopted];
}

/** The net effect of the changes: the last one of each record. */
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
