import { randomBytes } from 'node:crypto';
import { type RawBuilder, sql } from 'kysely';
import type { QueryRunner } from './query-runner.ts';

/** Says whether the database works, when nobody has anything to write. */
export interface ProbeStore {
  /** Rejects if something is wrong that shows without writing. */
  look(): Promise<void>;
  /** Writes this many bytes, and deletes them. Rejects if that does not work. */
  probe(bytes: number): Promise<void>;
}

/** The probe of either database. */
export class ProbeQueries implements ProbeStore {
  readonly #runner: QueryRunner;
  readonly #clear: RawBuilder<unknown>;

  /** `clear` empties the table, and gives the room back to whoever writes next. */
  constructor(runner: QueryRunner, clear: RawBuilder<unknown>) {
    this.#runner = runner;
    this.#clear = clear;
  }

  async look(): Promise<void> {
    await this.#runner.read((tables) => sql`select 1`.execute(tables));
  }

  async probe(bytes: number): Promise<void> {
    // Neither the database nor a file system that compresses makes less of it.
    const content = randomBytes(bytes);
    // In two transactions: of a single one, nothing would have to be written.
    await this.#runner.write((tables) => tables.insertInto('store_probe').values({ content }).execute());
    await this.#runner.write((tables) => this.#clear.execute(tables));
  }
}
