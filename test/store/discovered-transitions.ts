import type { Kysely } from 'kysely';
import { migrateToLatest, type Migrations } from '../../src/store/migrate.ts';
import type { DatabaseStore } from '../../src/store/store.ts';

/** Creates the tables of the version before discovered machines had transitions. */
export async function migrateBeforeDiscoveredTransitions(
  db: Kysely<unknown>,
  migrations: Migrations,
): Promise<void> {
  const names = Object.keys(migrations);
  const before = names.slice(
    0,
    names.findIndex((name) => name.endsWith('-discovered-transitions')),
  );
  await migrateToLatest(db, Object.fromEntries(before.map((name) => [name, migrations[name]!])));
}

/**
 * A database written by an earlier version: three discovered machines without transitions, one of them declared since.
 * Times are in PostgreSQL's syntax.
 */
export const BEFORE_DISCOVERED_TRANSITIONS = [
  `insert into discovered_machines (mac, first_seen_at, last_seen_at) values
    ('52:54:00:00:00:01', timestamptz '1970-01-01 00:00:05Z', timestamptz '1970-01-01 00:00:06Z'),
    ('52:54:00:00:00:02', timestamptz '1970-01-01 00:00:01Z', timestamptz '1970-01-01 00:00:02Z'),
    ('52:54:00:00:00:03', timestamptz '1970-01-01 00:00:03Z', timestamptz '1970-01-01 00:00:03Z')`,
  `insert into machines (source, id, record) values
    ('files', 'node3', '{"macs":["52:54:00:00:00:03"],"metadata":{"odd":"\\u0000"}}'), ('netbox', 'bare', '{}')`,
  "insert into transitions values (7, timestamptz '1970-01-01 00:00:04Z', 'node3', 'machine.declared', 'files', '{}')",
  'update transition_counter set last = 7',
];

/** Its contents after the migration. */
export const AFTER_DISCOVERED_TRANSITIONS = {
  transitions: [
    [8, new Date(1_000), 'machine.discovered', 'discovered', '52-54-00-00-00-02', {}],
    [9, new Date(5_000), 'machine.discovered', 'discovered', '52-54-00-00-00-01', {}],
  ],
  last: 9,
  discovered: ['52:54:00:00:00:01', '52:54:00:00:00:02'],
};

/** Reads what AFTER_DISCOVERED_TRANSITIONS lists. */
export async function readDiscoveredTransitions({ discovered, transitions }: DatabaseStore) {
  const page = await transitions.readTransitions({ after: 7, limit: 100 });
  return {
    transitions:
      page.kind === 'deleted'
        ? []
        : page.transitions.map(({ at, detail, kind, machineId, number, source }) => [
            number,
            at,
            kind,
            source,
            machineId,
            detail,
          ]),
    last: await transitions.lastTransition(),
    discovered: (await discovered.listDiscovered()).map(({ mac }) => mac),
  };
}
