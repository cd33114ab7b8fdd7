import { type Insertable, type Kysely, type Selectable, sql } from 'kysely';
import type { Ipv4Address } from '../../protocol/ipv4-address.ts';
import type { MacAddress } from '../../protocol/mac-address.ts';
import type { JsonObject } from '../../provision/json-value.ts';
import type { BootSessionSummary, BootStep } from '../../provision/history/session-progress.ts';
import type { BootSessionQuery, BootSessionStore } from '../boot-session-store.ts';
import { decodeJson, encodeJson, type TimeColumn } from '../columns.ts';
import type { LogRetention } from '../retention.ts';
import type { StoreTables } from '../tables.ts';
import { inPieces } from './in-pieces.ts';
import type { QueryRunner } from './query-runner.ts';

type SessionRow = Selectable<StoreTables['boot_sessions']>;

/** The rest of a session, as JSON. */
interface StoredSummary {
  readonly mac?: string;
  readonly address?: string;
  readonly lastAtMs: number;
  readonly steps: readonly {
    readonly phase: BootStep['phase'];
    readonly atMs: number;
    readonly summary: string;
  }[];
  readonly text: string;
  readonly advice?: string;
}

/** The summaries of boot sessions in either database. */
export class BootSessionQueries implements BootSessionStore {
  readonly #runner: QueryRunner;

  constructor(runner: QueryRunner) {
    this.#runner = runner;
  }

  async recordSessions(sessions: readonly BootSessionSummary[]): Promise<void> {
    const { time } = this.#runner;
    // One statement cannot write a row twice.
    const latest = new Map(sessions.map((session) => [session.id, session]));
    const rows = [...latest.values()].map((session) => toRow(session, time));
    await this.#runner.write(async (tables) => {
      for (const some of inPieces(rows)) await upsert(tables, some);
    });
  }

  async listSessions({
    before,
    limit,
    machineId,
    phase,
    verdict,
  }: BootSessionQuery): Promise<BootSessionSummary[]> {
    const { time } = this.#runner;
    const rows = await this.#runner.read((tables) => {
      let query = tables.selectFrom('boot_sessions').selectAll();
      if (machineId !== undefined) query = query.where('machine_id', '=', machineId);
      if (phase !== undefined) query = query.where('phase', '=', phase);
      if (verdict !== undefined) query = query.where('verdict', '=', verdict);
      if (before !== undefined) {
        const startedAt = time.encode(before.startedAt.getTime());
        query = query.where(sql<boolean>`(started_at, id) < (${startedAt}, ${before.id})`);
      }
      return query.orderBy('started_at', 'desc').orderBy('id', 'desc').limit(limit).execute();
    });
    return rows.map((row) => fromRow(row, time));
  }

  async findSession(id: string): Promise<BootSessionSummary | undefined> {
    const row = await this.#runner.read((tables) =>
      tables.selectFrom('boot_sessions').selectAll().where('id', '=', id).executeTakeFirst(),
    );
    return row && fromRow(row, this.#runner.time);
  }

  pruneSessions({ atOnce, before, newest }: LogRetention): Promise<number> {
    const oldest = this.#runner.time.encode(before.getTime());
    return this.#runner.write(async (tables) => {
      const firstKept = await tables
        .selectFrom('boot_sessions')
        .select(['started_at', 'id'])
        .orderBy('started_at', 'desc')
        .orderBy('id', 'desc')
        .offset(newest)
        .limit(1)
        .executeTakeFirst();
      const beyond = tables
        .selectFrom('boot_sessions')
        .select('id')
        .where((where) =>
          where.or([
            where('started_at', '<', oldest),
            ...(firstKept === undefined
              ? []
              : [sql<boolean>`(started_at, id) <= (${firstKept.started_at}, ${firstKept.id})`]),
          ]),
        )
        .orderBy('started_at')
        .orderBy('id')
        .limit(atOnce);
      const { numDeletedRows } = await tables
        .deleteFrom('boot_sessions')
        .where('id', 'in', beyond)
        .executeTakeFirstOrThrow();
      return Number(numDeletedRows);
    });
  }
}

async function upsert(
  tables: Kysely<StoreTables>,
  rows: readonly Insertable<StoreTables['boot_sessions']>[],
): Promise<void> {
  await tables
    .insertInto('boot_sessions')
    .values([...rows])
    .onConflict((conflict) =>
      conflict.column('id').doUpdateSet((row) => ({
        machine_id: row.ref('excluded.machine_id'),
        started_at: row.ref('excluded.started_at'),
        phase: row.ref('excluded.phase'),
        verdict: row.ref('excluded.verdict'),
        summary: row.ref('excluded.summary'),
      })),
    )
    .execute();
}

function toRow(session: BootSessionSummary, time: TimeColumn): Insertable<StoreTables['boot_sessions']> {
  const { address, diagnosis, id, lastAt, mac, machineId, phase, startedAt, steps } = session;
  const summary: StoredSummary = {
    ...(mac !== undefined && { mac }),
    ...(address !== undefined && { address }),
    lastAtMs: lastAt.getTime(),
    steps: steps.map((step) => ({ phase: step.phase, atMs: step.at.getTime(), summary: step.summary })),
    text: diagnosis.text,
    ...(diagnosis.advice !== undefined && { advice: diagnosis.advice }),
  };
  return {
    id,
    machine_id: machineId ?? null,
    started_at: time.encode(startedAt.getTime()),
    phase: phase ?? null,
    verdict: diagnosis.verdict,
    summary: encodeJson(summary as unknown as JsonObject),
  };
}

function fromRow(row: SessionRow, time: TimeColumn): BootSessionSummary {
  const summary = decodeJson(row.summary) as unknown as StoredSummary;
  const { address, advice, lastAtMs, mac, steps, text } = summary;
  return {
    id: row.id,
    ...(row.machine_id !== null && { machineId: row.machine_id }),
    ...(mac !== undefined && { mac: mac as MacAddress }),
    ...(address !== undefined && { address: address as Ipv4Address }),
    startedAt: new Date(time.decode(row.started_at)),
    lastAt: new Date(lastAtMs),
    ...(row.phase !== null && { phase: row.phase }),
    steps: steps.map((step) => ({ phase: step.phase, at: new Date(step.atMs), summary: step.summary })),
    diagnosis: { verdict: row.verdict, text, ...(advice !== undefined && { advice }) },
  };
}
