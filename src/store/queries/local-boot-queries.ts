import { type ModelLocalBoot, modelKey } from '../../provision/boot/local-boot.ts';
import type { JsonObject } from '../../provision/json-value.ts';
import { decodeJson, encodeJson } from '../columns.ts';
import type { LocalBootChange, LocalBootStore, MachineLocalBoot } from '../local-boot-store.ts';
import type { QueryRunner } from './query-runner.ts';

/** How machines boot from their disks, in either database. */
export class LocalBootQueries implements LocalBootStore {
  readonly #runner: QueryRunner;

  constructor(runner: QueryRunner) {
    this.#runner = runner;
  }

  async loadLocalBoots(): Promise<{ models: ModelLocalBoot[]; machines: MachineLocalBoot[] }> {
    const rows = await this.#runner.read((tables) =>
      tables.selectFrom('local_boots').select(['kind', 'record']).orderBy('kind').orderBy('key').execute(),
    );
    const of = (kind: string): JsonObject[] =>
      rows.filter((row) => row.kind === kind).map(({ record }) => decodeJson(record));
    return {
      models: of('model') as unknown as ModelLocalBoot[],
      machines: of('machine') as unknown as MachineLocalBoot[],
    };
  }

  async commitLocalBoots(changes: readonly LocalBootChange[]): Promise<void> {
    await this.#runner.write(async (tables) => {
      for (const change of changes) {
        if (change.kind === 'forget') {
          await tables
            .deleteFrom('local_boots')
            .where('kind', '=', 'machine')
            .where('key', '=', change.machineId)
            .execute();
          continue;
        }
        const { kind, value } = change;
        const key = change.kind === 'model' ? modelKey(change.value.model) : change.value.machineId;
        const record = encodeJson(value as unknown as JsonObject);
        await tables
          .insertInto('local_boots')
          .values({ kind, key, record })
          .onConflict((conflict) => conflict.columns(['kind', 'key']).doUpdateSet({ record }))
          .execute();
      }
    });
  }
}
