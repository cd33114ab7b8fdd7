import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { completeStore } from '../../../src/store/open-store.ts';
import { openPostgresStore } from '../../../src/store/postgres/postgres-store.ts';
import { describeStore } from '../../contract/store.ts';
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

  describeStore('the store', async () => {
    const url = await server.createDatabase();
    const tables =
      'dns_records, leases, discovered_machines, boot_events, machines, transitions, kept_catalog, kept_catalog_parts';
    return {
      open: async () => completeStore(await openPostgresStore({ url, synchronous: 'full' })),
      reset: async () => {
        await server.query(url, `truncate ${tables}; update transition_counter set last = 0`);
      },
      remove: () => undefined,
    };
  });
});
