import type { Kysely } from 'kysely';
import type { MacAddress } from '../../protocol/mac-address.ts';
import type { JsonObject } from '../../provision/json-value.ts';
import { discoveredMachineId } from '../../provision/machines/machine.ts';
import type { RecognisedBy } from '../../provision/machines/recognised-by.ts';
import {
  DISCOVERED_SOURCE,
  type DiscoveredMachine,
  type DiscoveredMachineStore,
} from '../discovered-machine-store.ts';
import type { Retention } from '../retention.ts';
import type { StoreTables } from '../tables.ts';
import type { NewTransition, Transition, TransitionKind } from '../transition-store.ts';
import { appendTransitions } from './append-transitions.ts';
import { inPieces } from './in-pieces.ts';
import type { QueryRunner } from './query-runner.ts';
import { machineFromRow, machineToRow } from './rows.ts';

/** The discovered machines in either database. */
export class DiscoveredMachineQueries implements DiscoveredMachineStore {
  readonly #runner: QueryRunner;

  constructor(runner: QueryRunner) {
    this.#runner = runner;
  }

  async recordDiscovered(machine: DiscoveredMachine): Promise<Transition[]> {
    const { time } = this.#runner;
    const row = machineToRow(machine, time);
    const news = Object.entries(row).filter(
      ([column, value]) => value !== null && column !== 'mac' && column !== 'first_seen_at',
    );
    return this.#runner.write(async (tables) => {
      const { numUpdatedRows } = await tables
        .updateTable('discovered_machines')
        .set(Object.fromEntries(news))
        .where('mac', '=', row.mac)
        .executeTakeFirstOrThrow();
      if (numUpdatedRows > 0n) return [];
      await tables.insertInto('discovered_machines').values(row).execute();
      const { firstSeenAt, mac } = machine;
      return appendTransitions(tables, time, [transitionOf('machine.discovered', mac, firstSeenAt)]);
    });
  }

  async listDiscovered(): Promise<DiscoveredMachine[]> {
    const rows = await this.#runner.read((tables) =>
      tables.selectFrom('discovered_machines').selectAll().orderBy('mac').execute(),
    );
    return rows.map((row) => machineFromRow(row, this.#runner.time));
  }

  pruneDiscovered({ at, atOnce, newest }: Retention & { at: Date }): Promise<Transition[]> {
    return this.#runner.write(async (tables) => {
      const { count } = await tables
        .selectFrom('discovered_machines')
        .select(({ fn }) => fn.countAll().as('count'))
        .executeTakeFirstOrThrow();
      const surplus = Math.min(Number(count) - newest, atOnce);
      if (surplus <= 0) return [];
      const oldest = await tables
        .selectFrom('discovered_machines')
        .select('mac')
        .orderBy('last_seen_at')
        .orderBy('mac')
        .limit(surplus)
        .execute();
      const macs = oldest.map(({ mac }) => mac);
      for (const some of inPieces(macs)) {
        await tables.deleteFrom('discovered_machines').where('mac', 'in', some).execute();
      }
      const gone = macs.map((mac) => transitionOf('machine.gone', mac as MacAddress, at));
      return appendTransitions(tables, this.#runner.time, gone);
    });
  }
}

/** A machine that is now declared, and the identifiers by which discovered machines are recognised as it. */
export interface Adoption {
  readonly machineId: string;
  readonly at: Date;
  readonly adopts: RecognisedBy;
}

/**
 * Deletes the discovered machines that are now declared, within the transaction of the caller. Returns their
 * transitions, which the caller must still write.
 */
export async function deleteAdopted(
  tables: Kysely<StoreTables>,
  adoptions: readonly Adoption[],
): Promise<NewTransition[]> {
  const adopters = {
    mac: new Map<string, Adoption>(),
    uuid: new Map<string, Adoption>(),
    serial: new Map<string, Adoption>(),
  };
  for (const adoption of adoptions) {
    const { macs, serials, uuids } = adoption.adopts;
    for (const mac of macs) adopters.mac.set(mac, adoption);
    for (const uuid of uuids) adopters.uuid.set(uuid, adoption);
    for (const serial of serials) adopters.serial.set(serial, adoption);
  }
  const gone: NewTransition[] = [];
  for (const column of ['mac', 'uuid', 'serial'] as const) {
    for (const some of inPieces([...adopters[column].keys()])) {
      const rows = await tables
        .deleteFrom('discovered_machines')
        .where(column, 'in', some)
        .returning(['mac', column])
        .execute();
      for (const row of rows) {
        const adoption = adopters[column].get(row[column] ?? '');
        if (adoption === undefined) continue;
        const { at, machineId } = adoption;
        gone.push(transitionOf('machine.gone', row.mac as MacAddress, at, { machine: machineId }));
      }
    }
  }
  return gone;
}

function transitionOf(
  kind: TransitionKind,
  mac: MacAddress,
  at: Date,
  detail: JsonObject = {},
): NewTransition {
  return { at, machineId: discoveredMachineId(mac), kind, source: DISCOVERED_SOURCE, detail };
}
