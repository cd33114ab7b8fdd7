import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { canUsePostgres, PostgresServer } from '../support/postgres-server.ts';
import { DhcpProcess, type DhcpProcessSettings } from './dhcp-process.ts';
import { canMakeNamespaces, NetworkLab } from '../../src/lab/network-lab.ts';

const CLIENTS_PER_ROUND = 1000;
/** Of the clients in each round, how many had a lease before. */
const KNOWN_CLIENTS = 500;
const KILLS = 20;
/** Each round takes some 4 s. */
const KILLS_ON_POSTGRES = 10;
const RESTARTS = 4;

let lab: NetworkLab;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'railhead-kill-'));
  lab = new NetworkLab('rhk');
});
afterEach(async () => {
  await lab.remove();
  rmSync(folder, { recursive: true });
});

/** The store of the server, and how to read the addresses of its bound leases, by MAC address, without the server. */
interface StoreOfTest {
  readonly settings: Pick<DhcpProcessSettings, 'store' | 'storeUrl'>;
  readBound(): Promise<ReadonlyMap<string, string>>;
}

function onSqlite(): StoreOfTest {
  const file = path.join(folder, 'railhead.db');
  return {
    settings: { store: file },
    async readBound() {
      const store = await openSqliteStore({ file, synchronous: 'full' });
      const leases = await store.leases.loadLeases();
      await store.close();
      return new Map(
        leases.filter(({ state }) => state === 'bound').map(({ address, chaddr }) => [chaddr, address]),
      );
    },
  };
}

async function onPostgres(server: PostgresServer): Promise<StoreOfTest> {
  const url = await server.createDatabase();
  return {
    settings: { store: path.join(folder, 'railhead.db'), storeUrl: server.socketUrl(url) },
    async readBound() {
      const rows = await server.query(url, "select chaddr, address from leases where state = 'bound'");
      return new Map(rows.map(({ address, chaddr }) => [String(chaddr), String(address)]));
    },
  };
}

/** A network with a server and clients under load, and the leases that the clients were promised. */
class Rig {
  readonly acknowledged = new Map<string, string>();
  readonly moved: string[] = [];
  readonly clients: LoadClients;
  readonly #namespace: string;
  readonly #store: StoreOfTest;

  constructor(store: StoreOfTest) {
    this.#store = store;
    this.#namespace = lab.addNamespace('s');
    const outer = lab.addNamespace('c');
    lab.connect(this.#namespace, 's0', outer, 'c0');
    lab.ip('-n', this.#namespace, 'addr', 'add', '10.77.0.1/16', 'dev', 's0');
    lab.ip('-n', outer, 'addr', 'add', '10.77.0.2/16', 'dev', 'c0');
    this.clients = new LoadClients(
      lab.start(outer, process.execPath, [
        '--import', 'tsx', path.join(import.meta.dirname, 'dhcp-load-client.ts'), '10.77.0.2', '10.77.0.1',
      ]), // prettier-ignore
      (mac, address) => {
        // The first lease stays the client's for as long as it runs, whatever happened to the server since.
        const before = this.acknowledged.get(mac) ?? address;
        if (before !== address) this.moved.push(`${mac} from ${before} to ${address}`);
        this.acknowledged.set(mac, address);
      },
    );
  }

  startServer(): Promise<DhcpProcess> {
    const subnets = [{ interface: 's0', cidr: '10.77.0.0/16', first: '10.77.1.0', last: '10.77.250.255' }];
    return DhcpProcess.start(this.#namespace, { ...this.#store.settings, subnets });
  }

  /** Starts the clients of one round, and resolves at a random time between their first and last transactions. */
  async startRound(round: number, rounds: number): Promise<void> {
    const first = round * (CLIENTS_PER_ROUND - KNOWN_CLIENTS);
    this.clients.start(first, first + CLIENTS_PER_ROUND);
    await this.clients.acknowledged(20 + Math.floor((round / rounds) * (CLIENTS_PER_ROUND - 40)));
  }

  async expectStored(): Promise<void> {
    const promised = [...this.acknowledged];
    const bound = await this.#store.readBound();
    for (const [mac, address] of promised) expect(bound.get(mac), `the stored lease of ${mac}`).toBe(address);
  }

  expectKept(rounds: number): void {
    expect(this.acknowledged.size).toBeGreaterThanOrEqual(rounds * (CLIENTS_PER_ROUND - KNOWN_CLIENTS));
    expect(this.moved).toEqual([]);
    expect(new Set(this.acknowledged.values()).size).toBe(this.acknowledged.size);
  }
}

async function killServers(store: StoreOfTest, kills: number): Promise<void> {
  const rig = new Rig(store);
  await rig.clients.ready;
  let server = await rig.startServer();
  for (let round = 0; round < kills; round++) {
    await rig.startRound(round, kills);
    await server.kill();
    await rig.expectStored();
    server = await rig.startServer();
    await rig.clients.done();
  }
  rig.expectKept(kills);
  const { counters } = await server.stop();
  expect(counters['dhcp_faults']).toEqual({ '': 0 });
}

describe.skipIf(!canMakeNamespaces)(
  'no acknowledged lease is lost, and no address is given to two clients',
  () => {
    test('when a server on SQLite is killed under load', async () => {
      await killServers(onSqlite(), KILLS);
    }, 600_000);

    describe.runIf(canUsePostgres())('with PostgreSQL', () => {
      let postgres: PostgresServer;
      beforeAll(async () => {
        postgres = await PostgresServer.start();
      });
      afterAll(() => postgres.remove());

      test('when a server is killed under load', async () => {
        await killServers(await onPostgres(postgres), KILLS_ON_POSTGRES);
      });

      test.each(['immediate', 'fast'] as const)(
        'when the database is restarted under load: %s',
        async (mode) => {
          const rig = new Rig(await onPostgres(postgres));
          await rig.clients.ready;
          const server = await rig.startServer();
          // The server is the same in all rounds, and resumes automatically.
          for (let round = 0; round < RESTARTS; round++) {
            await rig.startRound(round, RESTARTS);
            await postgres.shutdown(mode);
            await postgres.boot();
            await rig.expectStored();
            await rig.clients.done();
            await rig.expectStored();
          }
          rig.expectKept(RESTARTS);
          const { counters } = await server.stop();
          expect(counters['dhcp_faults']).toEqual({ '': 0 });
        },
      );

      test('when the database is down for so long that no client gets a lease meanwhile', async () => {
        const rig = new Rig(await onPostgres(postgres));
        await rig.clients.ready;
        const server = await rig.startServer();
        await rig.startRound(1, 2);
        await postgres.shutdown('fast');
        await server.line({ level: 'error', failure: 'unreachable' });
        await postgres.boot();
        await rig.clients.done();
        await rig.expectStored();
        rig.expectKept(1);
        const { counters } = await server.stop();
        expect(counters['dhcp_faults']).toEqual({ '': 0 });
        expect(counters['dhcp_ignored']?.['store_failed']).toBeGreaterThan(0);
      });
    });
  },
);

/** The clients' process; `onLease` is called with each acknowledged lease. */
class LoadClients {
  readonly ready: Promise<void>;
  readonly #child: ChildProcess;
  #acknowledged = 0;
  #done = false;
  #check: () => void = () => undefined;

  constructor(child: ChildProcess, onLease: (mac: string, address: string) => void) {
    this.#child = child;
    let errors = '';
    child.stderr?.on('data', (text) => (errors += String(text)));
    this.ready = new Promise((resolve, reject) => {
      child.once('exit', () => reject(new Error(`the clients ended: ${errors}`)));
      createInterface(child.stdout!).on('line', (line) => {
        const [mac, address] = line.split(' ');
        if (line === 'ready') resolve();
        else if (line === 'done') this.#done = true;
        else {
          this.#acknowledged++;
          onLease(mac!, address!);
        }
        this.#check();
      });
    });
  }

  start(from: number, to: number): void {
    this.#acknowledged = 0;
    this.#done = false;
    this.#child.stdin!.write(`${from} ${to}\n`);
  }

  acknowledged(count: number): Promise<void> {
    return this.#until(() => this.#acknowledged >= count || this.#done);
  }

  done(): Promise<void> {
    return this.#until(() => this.#done);
  }

  #until(reached: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#check = () => {
        if (reached()) resolve();
      };
      this.#check();
    });
  }
}
