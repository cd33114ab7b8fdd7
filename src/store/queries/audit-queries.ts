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

  async listAudit(wanted: AuditQuery): Promise<AuditEntry[]> {
    const { afterId, beforeId, limit, since, until } = wanted;
    const { time } = this.#runner;
    const rows = await this.#runner.read((tables) => {
      let query = tables.selectFrom('audit').selectAll();
      if (beforeId !== undefined) query = query.where('id', '<', beforeId);
      if (afterId !== undefined) query = query.where('id', '>', afterId);
      for (const column of ['actor', 'verb', 'target', 'outcome'] as const) {
        const value = wanted[column];
        if (value !== undefined) query = query.where(column, '=', value);
      }
      if (since !== undefined) query = query.where('at', '>=', time.encode(since.getTime()));
      if (until !== undefined) query = query.where('at', '<', time.encode(until.getTime()));
      return query
        .orderBy('id', afterId === undefined ? 'desc' : 'asc')
        .limit(limit)
        .execute();
    });
    return rows.map(({ address, at, detail, request_id: requestId, ...row }) => ({
      ...row,
      at: new Date(time.decode(at)),
      detail: decodeJson(detail),
      ...(address !== null && { address }),
      ...(requestId !== null && { requestId }),
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
  const rows = entries.map(({ actor, address, at, detail, outcome, reason, requestId, target, verb }) => ({
    at: time.encode(at.getTime()),
    actor,
    verb,
    target,
    reason,
    outcome,
    detail: encodeJson(detail),
    address: address ?? null,
    request_id: requestId ?? null,
  }));
  for (const some of inPieces(rows)) await tables.insertInto('audit').values(some).execute();
}
