import type { QueryRunner } from './query-runner.ts';

/** Says whether the database can be written, when nobody has anything to write. */
export interface ProbeStore {
  /** Writes something that changes nothing. Rejects if that does not work. */
  probe(): Promise<void>;
}

/** The probe of either database. */
export class ProbeQueries implements ProbeStore {
  readonly #runner: QueryRunner;

  constructor(runner: QueryRunner) {
    this.#runner = runner;
  }

  async probe(): Promise<void> {
    await this.#runner.write((tables) =>
      tables
        .updateTable('store_owner')
        .set((row) => ({ pid: row.ref('pid') }))
        .execute(),
    );
  }
}
