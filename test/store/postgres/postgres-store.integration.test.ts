import type { Kysely } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { completeStore, readKeptCatalog } from '../../../src/store/open-store.ts';
import { POSTGRES_MIGRATIONS } from '../../../src/store/postgres/migrations/migrations.ts';
import { connectPostgres } from '../../../src/store/postgres/postgres-connection.ts';
import { openPostgresStore } from '../../../src/store/postgres/postgres-store.ts';
import { describeStore } from '../../contract/store.ts';
import {
  AFTER_DISCOVERED_TRANSITIONS,
  BEFORE_DISCOVERED_TRANSITIONS,
  migrateBeforeDiscoveredTransitions,
  readDiscoveredTransitions,
} from '../discovered-transitions.ts';
import { canUsePostgres, PostgresServer } from '../../support/postgres-server.ts';

describe.runIf(canUsePostgres())('PostgreSQL', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await PostgresServer.start();
  }, 60_000);
  afterAll(() => server.remove(), 60_000);

  test('its tables are those of schema.postgres.sql; `vitest -u` writes that file anew', async () => {
    const url = await server.createDatabase();
    await (await openPostgresStore({ url, synchronous: 'full' })).close();
    await expect(server.schema(url)).toMatchFileSnapshot('../../../src/store/schema.postgres.sql');
  });

  test('machines that an earlier version discovered get their transitions', async () => {
    const url = await server.createDatabase();
    const open = () => openPostgresStore({ url, synchronous: 'full' });
    const { tables } = connectPostgres({ url, synchronous: 'full' });
    await migrateBeforeDiscoveredTransitions(tables as Kysely<unknown>, POSTGRES_MIGRATIONS);
    await tables.destroy();
    for (const statement of BEFORE_DISCOVERED_TRANSITIONS) await server.query(url, statement);
    const store = await open();
    expect(await readDiscoveredTransitions(store)).toEqual(AFTER_DISCOVERED_TRANSITIONS);
    await store.close();
  });

  test('its kept catalog is read beside the server that has the lock', async () => {
    const url = await server.createDatabase();
    const place = { url, synchronous: 'full' } as const;
    const store = completeStore(await openPostgresStore(place));
    expect(await readKeptCatalog(place)).toBeUndefined();
    const kept = { generation: 'g', keptAt: new Date(5), content: Buffer.from('a catalog') };
    await store.catalog.keepCatalog(kept);
    expect(await readKeptCatalog(place)).toEqual(kept);
    await store.close();
    expect(await readKeptCatalog(place)).toEqual(kept);
  });

  describeStore('the store', async () => {
    const url = await server.createDatabase();
    const tables =
      'lives, audit, tokens, operations, boot_sessions, reports, machine_facts, fact_changes, dns_records, leases, discovered_machines, boot_events, machines, transitions, kept_catalog, kept_catalog_parts';
    return {
      open: async () => completeStore(await openPostgresStore({ url, synchronous: 'full' })),
      reset: async () => {
        await server.query(url, `truncate ${tables}; update transition_counter set last = 0`);
      },
      remove: () => undefined,
    };
  });
});
