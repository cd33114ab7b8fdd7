import type { Kysely } from 'kysely';
import type { QueryRunner } from '../queries/query-runner.ts';
import type { StoreError } from '../store-error.ts';
import type { StoreTables } from '../tables.ts';
import { Turns } from '../turns.ts';
import { POSTGRES_TIME } from './postgres-time.ts';
import { type FenceMove, moveFence, type WriteFence } from './write-fence.ts';

/** Runs the queries of one aggregate, one call after the other, each transaction behind its fence. */
export class FencedRunner implements QueryRunner {
  readonly time = POSTGRES_TIME;
  readonly #tables: Kysely<StoreTables>;
  readonly #fence: WriteFence;
  readonly #refusal: () => StoreError | undefined;
  readonly #turns = new Turns();

  /** `refusal` returns why no more work is allowed, or undefined. */
  constructor(tables: Kysely<StoreTables>, fence: WriteFence, refusal: () => StoreError | undefined) {
    this.#tables = tables;
    this.#fence = fence;
    this.#refusal = refusal;
  }

  read<T>(work: (tables: Kysely<StoreTables>) => Promise<T>): Promise<T> {
    return this.#take(() => this.#fence.retry(() => work(this.#tables)));
  }

  write<T>(work: (tables: Kysely<StoreTables>) => Promise<T>): Promise<T> {
    return this.#take(() =>
      this.#fence.write<T>((move, done) =>
        this.#tables.transaction().execute(async (tables) => {
          await moveFence(tables, move);
          done(await work(tables));
        }),
      ),
    );
  }

  /** Runs one statement that moves the fence itself. */
  writeOnce(attempt: (move: FenceMove) => Promise<void>): Promise<void> {
    return this.#take(() =>
      this.#fence.write<void>(async (move, done) => {
        done();
        await attempt(move);
      }),
    );
  }

  /** Resolves when no call is running. */
  idle(): Promise<void> {
    return this.#turns.take(() => undefined);
  }

  #take<T>(work: () => Promise<T>): Promise<T> {
    return this.#turns.take(() => {
      const refusal = this.#refusal();
      if (refusal !== undefined) throw refusal;
      return work();
    });
  }
}
