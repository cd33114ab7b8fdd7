import type { Kysely, Selectable } from 'kysely';
import type { JsonObject } from '../../provision/json-value.ts';
import { type FactChange, factChanges } from '../../provision/machines/reports/facts-changes.ts';
import type { MachineReport } from '../../provision/machines/reports/machine-report.ts';
import { decodeJson, encodeJson, type StoredJson, type TimeColumn } from '../columns.ts';
import type {
  InventoryRetention,
  MachineInventory,
  NewReport,
  ReportStore,
  StoredFactChanges,
  StoredReport,
} from '../report-store.ts';
import type { LogRetention } from '../retention.ts';
import type { StoreTables } from '../tables.ts';
import { inPieces } from './in-pieces.ts';
import { pruneLog } from './prune-log.ts';
import type { QueryRunner } from './query-runner.ts';

type ReportRow = Selectable<StoreTables['reports']>;
type InventoryRow = Selectable<StoreTables['machine_facts']>;

/** What machines report, in either database. */
export class ReportQueries implements ReportStore {
  readonly #runner: QueryRunner;

  constructor(runner: QueryRunner) {
    this.#runner = runner;
  }

  async recordReports(reports: readonly NewReport[]): Promise<void> {
    const { time } = this.#runner;
    const rows = reports.map((report) => reportToRow(report, time));
    await this.#runner.write(async (tables) => {
      for (const some of inPieces(rows)) await tables.insertInto('reports').values(some).execute();
      await recordFacts(tables, time, reports);
    });
  }

  async listReports(machineId: string, limit: number): Promise<StoredReport[]> {
    const rows = await this.#runner.read((tables) =>
      tables
        .selectFrom('reports')
        .selectAll()
        .where('machine_id', '=', machineId)
        .orderBy('id', 'desc')
        .limit(limit)
        .execute(),
    );
    return rows.map((row) => reportFromRow(row, this.#runner.time));
  }

  async findInventory(machineId: string): Promise<MachineInventory | undefined> {
    const row = await this.#runner.read((tables) =>
      tables.selectFrom('machine_facts').selectAll().where('machine_id', '=', machineId).executeTakeFirst(),
    );
    return row && inventoryFromRow(row, this.#runner.time);
  }

  async listFactChanges(machineId: string, limit: number): Promise<StoredFactChanges[]> {
    const { time } = this.#runner;
    const rows = await this.#runner.read((tables) =>
      tables
        .selectFrom('fact_changes')
        .select(['at', 'changes'])
        .where('machine_id', '=', machineId)
        .orderBy('id', 'desc')
        .limit(limit)
        .execute(),
    );
    return rows.map(({ at, changes }) => ({ at: new Date(time.decode(at)), changes: changesFrom(changes) }));
  }

  pruneReports(retention: LogRetention): Promise<number> {
    return this.#runner.write((tables) => pruneLog(tables, 'reports', this.#runner.time, retention));
  }

  pruneFactChanges(retention: LogRetention): Promise<number> {
    return this.#runner.write((tables) => pruneLog(tables, 'fact_changes', this.#runner.time, retention));
  }

  pruneInventories({ atOnce, before }: InventoryRetention): Promise<number> {
    const oldest = this.#runner.time.encode(before.getTime());
    return this.#runner.write(async (tables) => {
      const beyond = tables
        .selectFrom('machine_facts')
        .select('machine_id')
        .where('reported_at', '<', oldest)
        .where('machine_id', 'not in', tables.selectFrom('machines').select('id'))
        .orderBy('reported_at')
        .limit(atOnce);
      const { numDeletedRows } = await tables
        .deleteFrom('machine_facts')
        .where('machine_id', 'in', beyond)
        .executeTakeFirstOrThrow();
      return Number(numDeletedRows);
    });
  }
}

/** Deletes all that a machine has reported, within the transaction of the caller. */
export async function deleteReportsOf(
  tables: Kysely<StoreTables>,
  machineIds: readonly string[],
): Promise<void> {
  for (const some of inPieces(machineIds)) {
    await tables.deleteFrom('reports').where('machine_id', 'in', some).execute();
    await tables.deleteFrom('machine_facts').where('machine_id', 'in', some).execute();
    await tables.deleteFrom('fact_changes').where('machine_id', 'in', some).execute();
  }
}

/** Merges the facts of the reports into the machines' inventories, and records what they change. */
async function recordFacts(
  tables: Kysely<StoreTables>,
  time: TimeColumn,
  reports: readonly NewReport[],
): Promise<void> {
  const told = reports.flatMap(({ at, machineId, report: { facts } }) =>
    facts === undefined ? [] : [{ at, machineId, facts }],
  );
  if (told.length === 0) return;
  const inventories = await loadInventories(tables, time, new Set(told.map(({ machineId }) => machineId)));
  const history: { machine_id: string; at: ReturnType<TimeColumn['encode']>; changes: StoredJson }[] = [];
  for (const { at, facts, machineId } of told) {
    const known = inventories.get(machineId);
    const merged = { ...known?.facts, ...facts };
    const changes = known === undefined ? [] : factChanges(known.facts, merged);
    const changedAt = known === undefined || changes.length > 0 ? at : known.changedAt;
    inventories.set(machineId, { facts: merged, changedAt, reportedAt: at });
    if (changes.length > 0) {
      history.push({ machine_id: machineId, at: time.encode(at.getTime()), changes: encodeChanges(changes) });
    }
  }
  for (const some of inPieces(history)) await tables.insertInto('fact_changes').values(some).execute();
  const rows = [...inventories].map(([machineId, { changedAt, facts, reportedAt }]) => ({
    machine_id: machineId,
    changed_at: time.encode(changedAt.getTime()),
    reported_at: time.encode(reportedAt.getTime()),
    facts: encodeJson(facts as JsonObject),
  }));
  for (const some of inPieces(rows)) {
    await tables
      .insertInto('machine_facts')
      .values(some)
      .onConflict((conflict) =>
        conflict.column('machine_id').doUpdateSet((row) => ({
          changed_at: row.ref('excluded.changed_at'),
          reported_at: row.ref('excluded.reported_at'),
          facts: row.ref('excluded.facts'),
        })),
      )
      .execute();
  }
}

async function loadInventories(
  tables: Kysely<StoreTables>,
  time: TimeColumn,
  machineIds: ReadonlySet<string>,
): Promise<Map<string, MachineInventory>> {
  const inventories = new Map<string, MachineInventory>();
  for (const some of inPieces([...machineIds])) {
    const rows = await tables
      .selectFrom('machine_facts')
      .selectAll()
      .where('machine_id', 'in', some)
      .execute();
    for (const row of rows) inventories.set(row.machine_id, inventoryFromRow(row, time));
  }
  return inventories;
}

function reportToRow({ at, machineId, report }: NewReport, time: TimeColumn) {
  const { facts: _inventory, message, phase, status, ...detail } = report;
  return {
    machine_id: machineId,
    at: time.encode(at.getTime()),
    status,
    phase: phase ?? null,
    message,
    detail: encodeJson(detail),
  };
}

function reportFromRow({ at, detail, id, machine_id, ...row }: ReportRow, time: TimeColumn): StoredReport {
  const { message, phase, status } = row;
  const rest = decodeJson(detail) as unknown as Pick<MachineReport, 'log' | 'permanent'>;
  const report = { status, message, ...(phase !== null && { phase }), ...rest };
  return { id, machineId: machine_id, at: new Date(time.decode(at)), report };
}

function inventoryFromRow(row: InventoryRow, time: TimeColumn): MachineInventory {
  return {
    facts: decodeJson(row.facts),
    changedAt: new Date(time.decode(row.changed_at)),
    reportedAt: new Date(time.decode(row.reported_at)),
  };
}

function encodeChanges(changes: readonly FactChange[]): StoredJson {
  return encodeJson({ changes } as unknown as JsonObject);
}

function changesFrom(stored: StoredJson): readonly FactChange[] {
  return decodeJson(stored).changes as unknown as readonly FactChange[];
}
