import type { Lease } from '../../provision/dhcp/leases/lease.ts';
import type { QueryRunner } from './query-runner.ts';
import { leaseFromRow } from './rows.ts';

/** The leases in either database. */
export async function loadLeases(runner: QueryRunner): Promise<Lease[]> {
  const rows = await runner.read((tables) => tables.selectFrom('leases').selectAll().execute());
  return rows.map((row) => leaseFromRow(row, runner.time));
}
