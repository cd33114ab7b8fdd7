import type { Kysely } from 'kysely';
import type { JsonObject } from '../../provision/json-value.ts';
import { decodeJson, encodeJson } from '../columns.ts';
import type { LifeChange, LifeStore } from '../life-store.ts';
import type { StoreTables } from '../tables.ts';
import type { Transition } from '../transition-store.ts';
import { appendTransitions } from './append-transitions.ts';
import { insertAudit } from './audit-queries.ts';
import { inPieces } from './in-pieces.ts';
import { changeMachines } from './machine-queries.ts';
import { deleteReportsOf } from './report-queries.ts';
import type { QueryRunner } from './query-runner.ts';

/** The lives of machines in either database. */
export class LifeQueries implements LifeStore {
  readonly #runner: QueryRunner;

  constructor(runner: QueryRunner) {
    this.#runner = runner;
  }

  async loadLives(): Promise<{ machineId: string; life: JsonObject }[]> {
    const rows = await this.#runner.read((tables) =>
      tables.selectFrom('lives').select(['machine_id', 'life']).orderBy('machine_id').execute(),
    );
    return rows.map(({ life, machine_id: machineId }) => ({ machineId, life: decodeJson(life) }));
  }

  async applyLifeChanges(changes: readonly LifeChange[]): Promise<Transition[]> {
    if (changes.length === 0) return [];
    const { time } = this.#runner;
    return this.#runner.write(async (tables) => {
      const told = await appendTransitions(
        tables,
        time,
        changes.map(({ transition }) => transition),
      );
      await writeLives(tables, changes);
      const withReports = changes.filter(({ deletesReports }) => deletesReports === true);
      await deleteReportsOf(
        tables,
        withReports.map(({ machineId }) => machineId),
      );
      await insertAudit(
        tables,
        time,
        changes.flatMap(({ audit }) => audit ?? []),
      );
      const records = changes.flatMap(({ record }) => record ?? []);
      return records.length === 0 ? told : [...told, ...(await changeMachines(tables, time, records))];
    });
  }
}

async function writeLives(tables: Kysely<StoreTables>, changes: readonly LifeChange[]): Promise<void> {
  // The last value of each machine: one statement cannot write a row twice.
  const last = new Map(changes.map(({ life, machineId }) => [machineId, life]));
  const deleted = [...last].flatMap(([machineId, life]) => (life === undefined ? [machineId] : []));
  for (const some of inPieces(deleted)) {
    await tables.deleteFrom('lives').where('machine_id', 'in', some).execute();
  }
  const rows = [...last].flatMap(([machineId, life]) =>
    life === undefined
      ? []
      : [{ machine_id: machineId, state: life.state, life: encodeJson(life as unknown as JsonObject) }],
  );
  for (const some of inPieces(rows)) {
    await tables
      .insertInto('lives')
      .values(some)
      .onConflict((conflict) =>
        conflict
          .column('machine_id')
          .doUpdateSet((row) => ({ state: row.ref('excluded.state'), life: row.ref('excluded.life') })),
      )
      .execute();
  }
}
