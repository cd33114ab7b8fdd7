import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Ipv4Address } from '../../../src/protocol/ipv4-address.ts';
import type { LeaseChange } from '../../../src/provision/dhcp/leases/lease.ts';
import type { MachineChange } from '../../../src/store/machine-store.ts';
import { describePostgresError } from '../../../src/store/postgres/postgres-errors.ts';
import { openPostgresStore } from '../../../src/store/postgres/postgres-store.ts';
import { StoreError } from '../../../src/store/store-error.ts';
import type { DatabaseStore } from '../../../src/store/store.ts';
import { type Cut, CuttingProxy } from '../../support/cutting-proxy.ts';
import { canMount, fillDisk } from '../../support/full-disk.ts';
import { canUsePostgres, PostgresServer } from '../../support/postgres-server.ts';

const event = (summary: string) =>
  ({ sessionId: 's', at: new Date(5), kind: 'dhcp.ack', summary, detail: {} }) as const;

const lease = (chaddr: string): LeaseChange => ({
  kind: 'put',
  lease: {
    address: '10.0.0.1' as Ipv4Address,
    subnetId: 'rack1',
    clientKey: `mac:${chaddr}`,
    chaddr,
    state: 'bound',
    boundAt: 0,
    expiresAt: 1,
  },
});

const machine = (id: string): MachineChange => ({
  kind: 'put',
  machine: { source: 'files', id, record: {} },
  transition: { at: new Date(0), machineId: id, kind: 'machine.declared', source: 'files', detail: {} },
  adopts: { macs: [], uuids: [], serials: [] },
});

test.each([
  ['53100', 'full'],
  ['58030', 'disk'],
  ['XX001', 'damaged'],
  ['57P01', 'unreachable'],
  ['ECONNREFUSED', 'unreachable'],
  ['25006', 'unreachable'],
])('%s is reported as %s', (code, failure) => {
  const error = Object.assign(new Error('what PostgreSQL says'), { code });
  expect(describePostgresError(error, 'postgres://db1/railhead')).toMatchObject({
    name: 'StoreError',
    failure,
  });
});

test('a missing database and a missing password file are named', async () => {
  const nowhere = openPostgresStore({ url: 'postgres://r@127.0.0.1:1/railhead?x=y', synchronous: 'full' });
  await expect(nowhere).rejects.toThrow(
    'open the store postgres://r@127.0.0.1:1/railhead: the database postgres://r@127.0.0.1:1/railhead does not answer (connect ECONNREFUSED',
  );
  const passwordFile = '/nonexistent/password';
  const unread = openPostgresStore({ url: 'postgres://r@127.0.0.1:1/r', passwordFile, synchronous: 'full' });
  await expect(unread).rejects.toThrow('store.password_file: ENOENT');
});

describe.runIf(canUsePostgres())('PostgreSQL', () => {
  let server: PostgresServer;
  let url: string;
  let store: DatabaseStore;
  beforeAll(async () => {
    server = await PostgresServer.start();
  }, 60_000);
  afterAll(() => server.remove(), 60_000);
  beforeEach(async () => {
    url = await server.createDatabase();
  });
  afterEach(() => store.close().catch(() => undefined));

  const open = (at = url) => openPostgresStore({ url: at, synchronous: 'full' });
  const summaries = async () =>
    (await store.events.listEvents({ limit: 9999 })).map(({ summary }) => summary);

  describe('a connection that breaks', () => {
    let proxy: CuttingProxy;
    beforeEach(async () => {
      proxy = await CuttingProxy.start(server.port);
      store = await open(url.replace(/:\d+\//, `:${proxy.port}/`));
    });
    afterEach(async () => {
      await store.close();
      await proxy.close();
    });

    test.each<[string, Cut]>([
      ['before a commit has reached the database', { from: 'client', bytes: 'commit' }],
      ['before the answer to a commit has arrived', { from: 'server', bytes: 'COMMIT' }],
      ['in the middle of a transaction', { from: 'client', bytes: 'insert into "boot_events"' }],
    ])('%s: events are appended once, and in order', async (_name, cut) => {
      await store.events.appendEvents([event('a')]);
      proxy.cutAt(cut);
      await Promise.all(['b', 'c', 'd'].map((summary) => store.events.appendEvents([event(summary)])));
      expect(proxy.cuts).toBe(1);
      expect(await summaries()).toEqual(['a', 'b', 'c', 'd']);
    });

    test.each<[string, Cut]>([
      ['before a commit has reached the database', { from: 'client', bytes: 'commit' }],
      ['before the answer to a commit has arrived', { from: 'server', bytes: 'COMMIT' }],
    ])('%s: transitions are numbered once, and returned', async (_name, cut) => {
      await store.machines.applyMachineChanges([machine('a')]);
      proxy.cutAt(cut);
      const written = await store.machines.applyMachineChanges([machine('b'), machine('c')]);
      expect(written.map(({ machineId, number }) => [machineId, number])).toEqual([
        ['b', 2],
        ['c', 3],
      ]);
      expect(await store.transitions.readTransitions({ after: 1, limit: 9 })).toEqual({
        kind: 'transitions',
        transitions: written,
      });
      expect(await store.transitions.lastTransition()).toBe(3);
    });

    test.each<[string, Cut]>([
      ['before', { from: 'client', bytes: 'commit-leases' }],
      ['after', { from: 'server', bytes: 'SELECT 1' }],
    ])('%s leases are committed: the latest ones are kept', async (_name, cut) => {
      await store.leases.commitLeases([lease('01')]);
      proxy.cutAt(cut);
      await Promise.all(['02', '03', '04'].map((chaddr) => store.leases.commitLeases([lease(chaddr)])));
      expect(proxy.cuts).toBe(1);
      expect((await store.leases.loadLeases()).map(({ chaddr }) => chaddr)).toEqual(['04']);
    });
  });

  test('is restarted under load: confirmed events are stored once, in order, and the store continues automatically', async () => {
    store = await open();
    const confirmed = { events: [] as string[], machines: [] as string[], leases: [] as string[] };
    const writing: Promise<unknown>[] = [];
    const note = (to: string[], name: string, written: Promise<unknown>): void => {
      // A database that is unavailable for too long is reported; whether the write happened is then unknown.
      const settled = written.then(
        () => to.push(name),
        (error: unknown) => expect(error).toMatchObject({ failure: 'unreachable' }),
      );
      writing.push(settled);
    };
    let count = 0;
    const write = (times: number): void => {
      for (const last = count + times; count < last; count++) {
        const name = String(count).padStart(5, '0');
        // Without `synced` a crash of the database may lose the last events, which is allowed.
        note(confirmed.events, name, store.events.appendEvents([event(name)], { synced: true }));
        note(confirmed.machines, name, store.machines.applyMachineChanges([machine(name)]));
        note(confirmed.leases, name, store.leases.commitLeases([lease(name)]));
      }
    };
    for (const mode of ['immediate', 'fast'] as const) {
      write(100);
      await Promise.race(writing.slice(-150));
      await server.shutdown(mode);
      write(10);
      await server.boot();
      await Promise.all(writing);
      expect(await store.machines.applyMachineChanges([machine('back')])).toHaveLength(1);
      confirmed.machines.push('back');
    }
    const sortedOnce = (names: string[]): string[] => [...new Set(names)].sort();
    const events = await summaries();
    expect(events).toEqual(sortedOnce(events));
    expect(events).toEqual(expect.arrayContaining(confirmed.events));
    const page = await store.transitions.readTransitions({ after: 0, limit: 9999 });
    const transitions = page.kind === 'transitions' ? page.transitions : [];
    expect(transitions.map(({ number }) => number)).toEqual(transitions.map((_, index) => index + 1));
    const machines = transitions.map(({ machineId }) => machineId);
    expect(machines.filter((id) => id === 'back')).toHaveLength(2);
    const numbered = machines.filter((id) => id !== 'back');
    expect(numbered).toEqual(sortedOnce(numbered));
    expect(machines).toEqual(expect.arrayContaining(confirmed.machines));
    const [kept] = await store.leases.loadLeases();
    expect(kept!.chaddr >= confirmed.leases.at(-1)!).toBe(true);
  }, 120_000);

  describe.skipIf(!canMount)('a full disk', () => {
    let disk: string;
    beforeEach(async () => {
      disk = mkdtempSync(path.join(tmpdir(), 'railhead-disk-'));
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', disk]);
      execFileSync('chown', ['postgres', disk]);
      await server.query(server.url('postgres'), `create tablespace small location '${disk}'`);
      await server.query(server.url('postgres'), `create database on_small tablespace small`);
    });
    afterEach(async () => {
      await store.close();
      await server.query(server.url('postgres'), 'drop database on_small');
      await server.query(server.url('postgres'), 'drop tablespace small');
      execFileSync('umount', [disk]);
      rmSync(disk, { recursive: true });
    });

    test('is reported, and is over when as much can be written as failed', async () => {
      store = await open(server.url('on_small'));
      await store.leases.commitLeases([lease('01')]);
      fillDisk(path.join(disk, 'filler'));
      const refused = store.events.appendEvents([event(randomBytes(400_000).toString('base64'))]);
      await expect(refused).rejects.toMatchObject({ name: 'StoreError', failure: 'full' });
      await expect(refused).rejects.toThrow('full: make room on it');
      // A lease still fits into the table's free space, which does not mean that the next event does.
      await store.leases.commitLeases([lease('02')]);
      await expect(store.upkeep.probe(500_000)).rejects.toMatchObject({ failure: 'full' });
      unlinkSync(path.join(disk, 'filler'));
      await store.upkeep.probe(500_000);
      // The next probe must find free space itself.
      const [size] = await server.query(
        server.url('on_small'),
        "select pg_total_relation_size('store_probe')::int as bytes",
      );
      expect(size?.['bytes']).toBeLessThan(50_000);
    });
  });

  describe('a second Railhead', () => {
    const sessions = `from pg_stat_activity where application_name like 'railhead %' and datname = current_database()`;

    test('is refused, with the process that has the database', async () => {
      store = await open();
      const refused = open();
      await expect(refused).rejects.toThrow(`it is in use by process ${process.pid} (`);
      await expect(refused).rejects.toThrow(` on ${hostname()}, since 20`);
    });

    test('may open it when the first one has closed it', async () => {
      await (await open()).close();
      store = await open();
      expect(await store.leases.loadLeases()).toEqual([]);
    });

    test('that takes over while the first one is disconnected stops it permanently', async () => {
      const first = await open();
      await first.leases.commitLeases([lease('01')]);
      await server.query(url, `select pg_terminate_backend(pid) ${sessions}`);
      store = await open();
      const stopped = first.leases.commitLeases([lease('02')]);
      await expect(stopped).rejects.toMatchObject({ name: 'StoreError', failure: 'taken' });
      await expect(stopped).rejects.toThrow('this Railhead gives no more leases');
      await store.close();
      await expect(first.events.appendEvents([event('late')])).rejects.toBeInstanceOf(StoreError);
      expect(await server.query(url, 'select chaddr from leases')).toEqual([{ chaddr: '01' }]);
      await first.close();
    });
  });

  describe('a password', () => {
    let folder: string;
    let passwordFile: string;
    let guarded: string;
    beforeEach(async () => {
      folder = mkdtempSync(path.join(tmpdir(), 'railhead-password-'));
      passwordFile = path.join(folder, 'password');
      await server.query(url, "create role guarded login password 'Hunter2Secret'");
      await server.query(url, 'grant create on schema public to guarded');
      await server.requirePassword('guarded');
      guarded = url.replace('railhead@', 'guarded@');
    });
    afterEach(async () => {
      await server.query(url, 'drop owned by guarded; drop role guarded');
      rmSync(folder, { recursive: true });
    });

    test.each<[string, (url: string) => string]>([
      ['by TCP', (at) => at],
      ['by the Unix socket', (at) => server.socketUrl(at)],
    ])('comes from a file, %s', async (_name, place) => {
      writeFileSync(passwordFile, 'Hunter2Secret\n');
      store = await openPostgresStore({ url: place(guarded), passwordFile, synchronous: 'normal' });
      await store.events.appendEvents([event('a')]);
      expect(await summaries()).toEqual(['a']);
      await store.close();
    });

    test('that is wrong is refused, and is in no message', async () => {
      writeFileSync(passwordFile, 'Hunter3Secret\n');
      const refused = openPostgresStore({ url: guarded, passwordFile, synchronous: 'normal' });
      await expect(refused).rejects.toThrow(
        /^(?!.*Hunter3).*password authentication failed for user "guarded"/s,
      );
    });
  });
});
