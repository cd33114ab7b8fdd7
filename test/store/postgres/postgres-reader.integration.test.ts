import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { lookAtPostgres, openPostgresEvents } from '../../../src/store/postgres/postgres-reader.ts';
import { openPostgresStore } from '../../../src/store/postgres/postgres-store.ts';
import { canUsePostgres, PostgresServer } from '../../support/postgres-server.ts';

test('a database that does not answer is reported', async () => {
  const looking = lookAtPostgres({ url: 'postgres://r@127.0.0.1:1/railhead?x=y', synchronous: 'full' });
  await expect(looking).rejects.toThrow(
    /^read the store postgres:\/\/r@127\.0\.0\.1:1\/railhead: .* does not answer \(connect ECONNREFUSED/,
  );
});

describe.runIf(canUsePostgres())('a database that is only read', () => {
  let server: PostgresServer;
  let url: string;
  beforeAll(async () => {
    server = await PostgresServer.start();
  }, 60_000);
  afterAll(() => server.remove(), 60_000);
  beforeEach(async () => {
    url = await server.createDatabase();
  });
  const settings = (at = url) => ({ url: at, synchronous: 'full' }) as const;

  test('shows whether a Railhead has it, and which', async () => {
    const empty = await lookAtPostgres(settings());
    expect(empty).toMatchObject({ hasTables: false, inUse: false, mayCreate: true, readOnly: false });
    expect(empty.owner).toBeUndefined();
    expect(empty.version).toMatch(/^\d+/);
    expect(empty.versionNumber).toBeGreaterThanOrEqual(150_000);

    const store = await openPostgresStore(settings());
    const used = await lookAtPostgres(settings());
    expect(used).toMatchObject({ hasTables: true, inUse: true });
    expect(used.owner?.described).toContain(`process ${process.pid} (`);
    await store.close();
    const left = await lookAtPostgres(settings());
    expect(left).toMatchObject({ hasTables: true, inUse: false, owner: used.owner });
  });

  test('shows why a Railhead cannot write to it', async () => {
    await server.query(url, 'create role guest login');
    const guest = await lookAtPostgres(settings(url.replace('railhead@', 'guest@')));
    expect(guest).toMatchObject({ mayCreate: false, hasTables: false });
    const name = new URL(url).pathname.slice(1);
    await server.query(url, `alter database ${name} set default_transaction_read_only = on`);
    expect(await lookAtPostgres(settings())).toMatchObject({ readOnly: true });
  });

  test('has its events read while another process writes them', async () => {
    await expect(openPostgresEvents(settings())).rejects.toThrow(
      `read the store ${url}: no Railhead has made its tables in it yet; start the server first`,
    );
    const store = await openPostgresStore(settings());
    const reader = await openPostgresEvents(settings());
    const told = async (): Promise<string[]> =>
      (await reader.events.listEvents({ limit: 9 })).map(({ summary }) => summary);
    expect(await told()).toEqual([]);
    const event = { sessionId: 's', at: new Date(5), kind: 'dhcp.ack', detail: {} } as const;
    await store.events.appendEvents([
      { ...event, summary: 'a' },
      { ...event, summary: 'b' },
    ]);
    expect(await told()).toEqual(['a', 'b']);
    await store.close();
    expect(await told()).toEqual(['a', 'b']);
    await reader.close();
  });
});
