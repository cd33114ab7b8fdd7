import type { Kysely } from 'kysely';
import type { JsonObject } from '../../provision/json-value.ts';
import { decodeJson, encodeJson, type StoredJson } from '../columns.ts';
import type { InventoryCommit, InventoryStore, StoredInventory } from '../inventory-store.ts';
import type { MachineChange } from '../machine-store.ts';
import type { StoreTables } from '../tables.ts';
import type { NewTransition, Transition } from '../transition-store.ts';
import { insertAudit } from './audit-queries.ts';
import { inPieces } from './in-pieces.ts';
import { changeMachines } from './machine-queries.ts';
import type { QueryRunner } from './query-runner.ts';

/** The inventories in either database. */
export class InventoryQueries implements InventoryStore {
  readonly #runner: QueryRunner;

  constructor(runner: QueryRunner) {
    this.#runner = runner;
  }

  async listInventories(): Promise<StoredInventory[]> {
    const { time } = this.#runner;
    const rows = await this.#runner.read((tables) =>
      tables.selectFrom('inventories').selectAll().orderBy('name').execute(),
    );
    return rows.map(({ name, put_at: at, put_by: putBy, put_id: putId, state }) => ({
      name,
      putAt: new Date(time.decode(at)),
      putBy,
      putId,
      state,
    }));
  }

  async stageChanges(putId: string, from: number, changes: readonly MachineChange[]): Promise<void> {
    const rows = changes.map((change, index) => ({
      put_id: putId,
      number: from + index,
      change: toStaged(change),
    }));
    await this.#runner.write(async (tables) => {
      for (const some of inPieces(rows)) await tables.insertInto('staged_changes').values(some).execute();
    });
  }

  commitInventory({ audit, changes, inventory, isEnd, isStaged }: InventoryCommit): Promise<Transition[]> {
    const { time } = this.#runner;
    const { name, putAt, putBy, putId } = inventory;
    const state = isStaged ? (isEnd ? 'ending' : 'moving') : 'whole';
    const values = { put_at: time.encode(putAt.getTime()), put_by: putBy, put_id: putId, state } as const;
    return this.#runner.write(async (tables) => {
      if (isEnd && !isStaged) await tables.deleteFrom('inventories').where('name', '=', name).execute();
      else {
        await tables
          .insertInto('inventories')
          .values({ name, ...values })
          .onConflict((conflict) => conflict.column('name').doUpdateSet(values))
          .execute();
      }
      await insertAudit(tables, time, [audit]);
      return changeMachines(tables, time, changes);
    });
  }

  moveStaged(name: string, limit: number): Promise<{ transitions: Transition[]; isDone: boolean }> {
    return this.#runner.write(async (tables) => {
      const inventory = await tables
        .selectFrom('inventories')
        .select(['put_id', 'state'])
        .where('name', '=', name)
        .executeTakeFirst();
      if (inventory === undefined || inventory.state === 'whole') return { transitions: [], isDone: true };
      const rows = await tables
        .selectFrom('staged_changes')
        .select(['number', 'change'])
        .where('put_id', '=', inventory.put_id)
        .orderBy('number')
        .limit(limit)
        .execute();
      const changes = rows.map(({ change }) => fromStaged(change));
      const transitions = await changeMachines(tables, this.#runner.time, changes);
      const last = rows.at(-1);
      if (last !== undefined) {
        await tables
          .deleteFrom('staged_changes')
          .where('put_id', '=', inventory.put_id)
          .where('number', '<=', last.number)
          .execute();
      }
      const isDone = rows.length < limit;
      if (isDone) await finish(tables, name, inventory.state);
      return { transitions, isDone };
    });
  }

  async dropStaged(): Promise<void> {
    await this.#runner.write((tables) =>
      tables
        .deleteFrom('staged_changes')
        .where('put_id', 'not in', (from) =>
          from.selectFrom('inventories').select('put_id').where('state', '!=', 'whole'),
        )
        .execute(),
    );
  }
}

async function finish(
  tables: Kysely<StoreTables>,
  name: string,
  state: StoredInventory['state'],
): Promise<void> {
  if (state === 'ending') await tables.deleteFrom('inventories').where('name', '=', name).execute();
  else await tables.updateTable('inventories').set({ state: 'whole' }).where('name', '=', name).execute();
}

/** A change as JSON, in which its only time is a text. */
function toStaged(change: MachineChange): StoredJson {
  return encodeJson(change as unknown as JsonObject);
}

function fromStaged(stored: StoredJson): MachineChange {
  const change = decodeJson(stored) as unknown as MachineChange;
  const transition: NewTransition = { ...change.transition, at: new Date(change.transition.at) };
  return { ...change, transition };
}
