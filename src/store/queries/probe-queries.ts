import { randomBytes } from 'node:crypto';
import { type RawBuilder, sql } from 'kysely';
import type { QueryRunner } from './query-runner.ts';

/** Tests whether the database works, when there is nothing else to write. */
export interface ProbeStore {
  /** Rejects if a read shows that something is wrong. */
  look(): Promise<void>;
  /** Writes this many bytes, and deletes them. Rejects if that fails. */
  probe(bytes: number): Promise<void>;
}

/** The probe in either database. */
export class ProbeQueries implements ProbeStore {
  readonly #runner: QueryRunner;
  readonly #clear: RawBuilder<unknown>;

  /** `clear` empties the table, and releases the space for later writes. */
  constructor(runner: QueryRunner, clear: RawBuilder<unknown>) {
    this.#runner = runner;
    this.#clear = clear;
  }

  async look(): Promise<void> {
    await this.#runner.read((tables) => sql`select 1`.execute(tables));
  }

  async probe(bytes: number): Promise<void> {
    // Random data, which neither the database nor a compressing file system can make smaller.
    const content = randomBytes(bytes);
    // In two transactions: a single one would not have to write anything.
    await this.#runner.write((tables) => tables.insertInto('store_probe').values({ content }).execute());
    await this.#runner.write((tables) => this.#clear.execute(tables));
  }
}
