import { type Kysely, type RawBuilder, sql } from 'kysely';

/**
 * The migration of discovered machines from versions that wrote no transitions for them: those that are declared are
 * deleted, and every other one gets its `machine.discovered`, in the order in which they were first seen. `noDetail` is
 * an empty JSON object as the dialect writes it.
 */
export async function logDiscoveredMachines(
  db: Kysely<unknown>,
  noDetail: RawBuilder<unknown>,
): Promise<void> {
  const { rows } = await sql<{ record: string }>`select record from machines`.execute(db);
  for (const { record } of rows) {
    const { macs = [] } = JSON.parse(record) as { macs?: string[] };
    for (const mac of macs) await sql`delete from discovered_machines where mac = ${mac}`.execute(db);
  }
  await sql`
    insert into transitions (number, at, machine_id, kind, source, detail)
    select counter.last + row_number() over (order by first_seen_at, mac),
      first_seen_at, replace(mac, ':', '-'), 'machine.discovered', 'discovered', ${noDetail}
    from discovered_machines, transition_counter as counter`.execute(db);
  await sql`
    update transition_counter
    set last = last + (select count(*) from discovered_machines)`.execute(db);
}
