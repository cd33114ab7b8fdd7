import { type Kysely, sql } from 'kysely';
import { StoreError } from '../store-error.ts';
import type { Aggregate } from '../store-calls.ts';
import type { StoreTables } from '../tables.ts';
import { isPassing } from './postgres-errors.ts';
import { retryPassing } from './retry.ts';

/** One attempt at a transaction: it moves the fence from `expected` to `next`, or does nothing. */
export interface FenceMove {
  readonly aggregate: Aggregate;
  readonly expected: string;
  readonly next: string;
}

/** An attempt found the fence at another token, and changed nothing. */
export class FenceMoved extends Error {}

/**
 * Makes each transaction of an aggregate happen exactly once and in order, although connections break. After a
 * connection breaks during a commit it is unknown whether the commit took effect, and the server may still be executing
 * it when the next connection exists. So each transaction moves a token of its aggregate from the previous value to its
 * own, in one row, on which transactions wait for each other: after a break the token shows whether the commit took
 * effect, and a late transaction finds another token and does nothing. The token also names the process, so that a
 * Railhead whose database another one has taken over is stopped at its next write.
 */
export class WriteFence {
  readonly #aggregate: Aggregate;
  readonly #owner: string;
  readonly #store: string;
  readonly #tables: Kysely<StoreTables>;
  #count = 0;
  /** Undefined while the current token is not known. */
  #token: string | undefined;

  constructor(tables: Kysely<StoreTables>, aggregate: Aggregate, owner: string, store: string) {
    this.#tables = tables;
    this.#aggregate = aggregate;
    this.#owner = owner;
    this.#store = store;
  }

  /** Takes the aggregate over from its previous owner. Running transactions of that owner will have no effect. */
  async takeOver(): Promise<void> {
    const token = `${this.#owner}:0`;
    await this.#tables
      .insertInto('write_fences')
      .values({ aggregate: this.#aggregate, token })
      .onConflict((conflict) => conflict.column('aggregate').doUpdateSet({ token }))
      .execute();
    this.#token = token;
  }

  /**
   * Repeats the attempt until it has taken effect once. The attempt calls `done` with its result before it commits.
   * Rejects with a StoreError if the database cannot be reached for a while, or if another process has taken it over.
   */
  async write<T>(attempt: (move: FenceMove, done: (result: T) => void) => Promise<void>): Promise<T> {
    const next = `${this.#owner}:${++this.#count}`;
    let result: { readonly value: T } | undefined;
    return this.retry(async () => {
      for (;;) {
        const expected = this.#token ?? (await this.#read());
        if (expected === next) break;
        this.#token = undefined;
        try {
          await attempt({ aggregate: this.#aggregate, expected, next }, (value) => (result = { value }));
          break;
        } catch (error) {
          if (error instanceof FenceMoved) continue;
          // If the database refused the work, it was rolled back; after a break the result is unknown.
          if (!isPassing(error)) this.#token = expected;
          throw error;
        }
      }
      this.#token = next;
      if (result === undefined) throw new Error('the transaction took effect without a result');
      return result.value;
    });
  }

  /** Repeats the work while the database cannot be reached. */
  retry<T>(work: () => Promise<T>): Promise<T> {
    return retryPassing(work, this.#store);
  }

  async #read(): Promise<string> {
    const { rows } = await sql<{
      token: string;
    }>`select token from write_fences where aggregate = ${this.#aggregate}`.execute(this.#tables);
    const token = rows[0]?.token ?? '';
    if (!token.startsWith(`${this.#owner}:`)) throw takenError(this.#store);
    return token;
  }
}

/** Moves the fence within the caller's transaction. Throws FenceMoved if it is at another token. */
export async function moveFence(tables: Kysely<StoreTables>, move: FenceMove): Promise<void> {
  const { numUpdatedRows } = await tables
    .updateTable('write_fences')
    .set({ token: move.next })
    .where('aggregate', '=', move.aggregate)
    .where('token', '=', move.expected)
    .executeTakeFirstOrThrow();
  if (numUpdatedRows === 0n) throw new FenceMoved();
}

/** Another process has taken over the database. */
export function takenError(store: string, other = 'another Railhead'): StoreError {
  return new StoreError(
    'taken',
    `the database ${store} is used by ${other} now: this Railhead gives no more leases; stop one of the two, or give each a database of its own`,
  );
}
