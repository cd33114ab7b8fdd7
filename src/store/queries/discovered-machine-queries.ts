import type { DiscoveredMachine, DiscoveredMachineStore } from '../discovered-machine-store.ts';
import type { Retention } from '../retention.ts';
import type { QueryRunner } from './query-runner.ts';
import { machineFromRow, machineToRow } from './rows.ts';

/** The discovered machines of either database. */
export class DiscoveredMachineQueries implements DiscoveredMachineStore {
  readonly #runner: QueryRunner;

  constructor(runner: QueryRunner) {
    this.#runner = runner;
  }

  async recordDiscovered(machine: DiscoveredMachine): Promise<void> {
    const row = machineToRow(machine, this.#runner.time);
    const news = Object.entries(row).filter(
      ([column, value]) => value !== null && column !== 'mac' && column !== 'first_seen_at',
    );
    await this.#runner.write((tables) =>
      tables
        .insertInto('discovered_machines')
        .values(row)
        .onConflict((conflict) => conflict.column('mac').doUpdateSet(Object.fromEntries(news)))
        .execute(),
    );
  }

  async listDiscovered(): Promise<DiscoveredMachine[]> {
    const rows = await this.#runner.read((tables) =>
      tables.selectFrom('discovered_machines').selectAll().orderBy('mac').execute(),
    );
    return rows.map((row) => machineFromRow(row, this.#runner.time));
  }

  pruneDiscovered({ atOnce, newest }: Retention): Promise<number> {
    return this.#runner.write(async (tables) => {
      const { count } = await tables
        .selectFrom('discovered_machines')
        .select(({ fn }) => fn.countAll().as('count'))
        .executeTakeFirstOrThrow();
      const surplus = Math.min(Number(count) - newest, atOnce);
      if (surplus <= 0) return 0;
      const oldest = tables.selectFrom('discovered_machines').select('mac').orderBy('last_seen_at');
      const result = await tables
        .deleteFrom('discovered_machines')
        .where('mac', 'in', oldest.orderBy('mac').limit(surplus))
        .executeTakeFirst();
      return Number(result.numDeletedRows);
    });
  }
}
