import type { Kysely } from 'kysely';
import type { TimeColumn } from '../columns.ts';
import type { StoreTables } from '../tables.ts';

/** Runs the queries that both dialects share. Calls are executed in order. */
export interface QueryRunner {
  readonly time: TimeColumn;
  /** Runs queries that change nothing. */
  read<T>(work: (tables: Kysely<StoreTables>) => Promise<T>): Promise<T>;
  /**
   * Runs queries in one transaction: all of them take effect, or none. The work may be run again if it had no effect.
   */
  write<T>(work: (tables: Kysely<StoreTables>) => Promise<T>): Promise<T>;
}
