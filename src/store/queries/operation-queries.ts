import type { NewAuditEntry } from '../audit-store.ts';
import { decodeJson, encodeJson } from '../columns.ts';
import type { OperationStore, StoredOperation } from '../operation-store.ts';
import { insertAudit } from './audit-queries.ts';
import type { QueryRunner } from './query-runner.ts';

/** Operations in either database. */
export class OperationQueries implements OperationStore {
  readonly #runner: QueryRunner;

  constructor(runner: QueryRunner) {
    this.#runner = runner;
  }

  async loadOperations(): Promise<StoredOperation[]> {
    const { time } = this.#runner;
    const rows = await this.#runner.read((tables) =>
      tables.selectFrom('operations').selectAll().orderBy('created_at', 'desc').orderBy('id').execute(),
    );
    return rows.map(({ created_at: at, id, record }) => ({
      id,
      createdAt: new Date(time.decode(at)),
      record: decodeJson(record),
    }));
  }

  async putOperation({ createdAt, id, record }: StoredOperation, audit?: NewAuditEntry): Promise<void> {
    const { time } = this.#runner;
    const text = encodeJson(record);
    await this.#runner.write(async (tables) => {
      await tables
        .insertInto('operations')
        .values({ id, created_at: time.encode(createdAt.getTime()), record: text })
        .onConflict((conflict) => conflict.column('id').doUpdateSet({ record: text }))
        .execute();
      await insertAudit(tables, time, audit === undefined ? [] : [audit]);
    });
  }

  async trimOperations(newest: number): Promise<number> {
    return this.#runner.write(async (tables) => {
      const kept = tables
        .selectFrom('operations')
        .select('id')
        .orderBy('created_at', 'desc')
        .orderBy('id')
        .limit(newest);
      const { numDeletedRows } = await tables
        .deleteFrom('operations')
        .where('id', 'not in', kept)
        .executeTakeFirstOrThrow();
      return Number(numDeletedRows);
    });
  }
}
