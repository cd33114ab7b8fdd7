import type { DnsRecord, DnsRecordChange } from '../../provision/dns/dns-record.ts';
import type { JsonObject } from '../../provision/json-value.ts';
import { decodeJson, encodeJson } from '../columns.ts';
import type { DnsRecordStore } from '../dns-record-store.ts';
import type { QueryRunner } from './query-runner.ts';

/** The DNS records in either database. */
export class DnsRecordQueries implements DnsRecordStore {
  readonly #runner: QueryRunner;

  constructor(runner: QueryRunner) {
    this.#runner = runner;
  }

  async loadDnsRecords(): Promise<DnsRecord[]> {
    const rows = await this.#runner.read((tables) =>
      tables.selectFrom('dns_records').select('record').orderBy('address').execute(),
    );
    return rows.map(({ record }) => decodeJson(record) as unknown as DnsRecord);
  }

  async commitDnsRecords(changes: readonly DnsRecordChange[]): Promise<void> {
    await this.#runner.write(async (tables) => {
      for (const change of changes) {
        if (change.kind === 'delete') {
          await tables.deleteFrom('dns_records').where('address', '=', change.address).execute();
          continue;
        }
        const record = encodeJson(change.record as unknown as JsonObject);
        await tables
          .insertInto('dns_records')
          .values({ address: change.record.address, record })
          .onConflict((conflict) => conflict.column('address').doUpdateSet({ record }))
          .execute();
      }
    });
  }
}
