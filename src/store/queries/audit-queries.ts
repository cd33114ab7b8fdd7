import type { Kysely } from 'kysely';
import type { AuditEntry, AuditQuery, AuditStore, NewAuditEntry } from '../audit-store.ts';
import { decodeJson, encodeJson, type TimeColumn } from '../columns.ts';
import type { LogRetention } from '../retention.ts';
import type { StoreTables } from '../tables.ts';
import { inPieces } from './in-pieces.ts';
import { pruneLog } from './prune-log.ts';
import type { QueryRunner } from './query-runner.ts';

/** The audit in either database. */
export class AuditQueries implements AuditStore {
  readonly #runner: QueryRunner;

  constructor(runner: QueryRunner) {
    this.#runner = runner;
  }

  async appendAudit(entries: readonly NewAuditEntry[]): Promise<void> {
    await this.#runner.write((tables) => insertAudit(tables, this.#runner.time, entries));
  }

  async listAudit({ beforeId, limit, target }: AuditQuery): Promise<AuditEntry[]> {
    const { time } = this.#runner;
    const rows = await this.#runner.read((tables) => {
      let query = tables.selectFrom('audit').selectAll();
      if (beforeId !== undefined) query = query.where('id', '<', beforeId);
      if (target !== undefined) query = query.where('target', '=', target);
      return query.orderBy('id', 'desc').limit(limit).execute();
    });
    return rows.map(({ at, detail, ...row }) => ({
      ...row,
      at: new Date(time.decode(at)),
      detail: decodeJson(detail),
    }));
  }

  pruneAudit(retention: LogRetention): Promise<number> {
    return this.#runner.write((tables) => pruneLog(tables, 'audit', this.#runner.time, retention));
  }
}

/** Appends entries within the transaction of the caller. */
export async function insertAudit(
  tables: Kysely<StoreTables>,
  time: TimeColumn,
  entries: readonly NewAuditEntry[],
): Promise<void> {
  const rows = entries.map(({ actor, at, detail, outcome, reason, target, verb }) => ({
    at: time.encode(at.getTime()),
    actor,
    verb,
    target,
    reason,
    outcome,
    detail: encodeJson(detail),
  }));
  for (const some of inPieces(rows)) await tables.insertInto('audit').values(some).execute();
}
