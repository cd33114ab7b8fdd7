import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { DhcpProcess } from './dhcp-process.ts';
import { canMakeNamespaces, NetworkLab } from '../../src/lab/network-lab.ts';

const KILLS = 20;
const CLIENTS_PER_ROUND = 1000;
/** Of each round, how many had a lease before. */
const KNOWN_CLIENTS = 500;

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

test.skipIf(!canMakeNamespaces)(
  'a server that is killed under load loses no acknowledged lease, and gives no address to two',
  async () => {
    const inner = lab.addNamespace('s');
    const outer = lab.addNamespace('c');
    lab.connect(inner, 's0', outer, 'c0');
    lab.ip('-n', inner, 'addr', 'add', '10.77.0.1/16', 'dev', 's0');
    lab.ip('-n', outer, 'addr', 'add', '10.77.0.2/16', 'dev', 'c0');
    const store = path.join(folder, 'railhead.db');
    const settings = {
      store,
      subnets: [{ interface: 's0', cidr: '10.77.0.0/16', first: '10.77.1.0', last: '10.77.250.255' }],
    };

    const acknowledged = new Map<string, string>();
    const moved: string[] = [];
    const clients = new LoadClients(
      lab.start(outer, process.execPath, [
        '--import', 'tsx', path.join(import.meta.dirname, 'dhcp-load-client.ts'), '10.77.0.2', '10.77.0.1',
      ]), // prettier-ignore
      (mac, address) => {
        // The first lease is the client's for as long as it runs, whatever happened to the server since.
        const before = acknowledged.get(mac) ?? address;
        if (before !== address) moved.push(`${mac} from ${before} to ${address}`);
        acknowledged.set(mac, address);
      },
    );
    await clients.ready;

    let server = await DhcpProcess.start(inner, settings);
    for (let round = 0; round < KILLS; round++) {
      const first = round * (CLIENTS_PER_ROUND - KNOWN_CLIENTS);
      clients.start(first, first + CLIENTS_PER_ROUND);
      // Anywhere from the first transactions to the last ones.
      await clients.acknowledged(20 + Math.floor((round / KILLS) * (CLIENTS_PER_ROUND - 40)));
      await server.kill();

      const stored = await openSqliteStore({ file: store, synchronous: 'full' });
      const leases = new Map((await stored.leases.loadLeases()).map((lease) => [lease.chaddr, lease]));
      await stored.close();
      for (const [mac, address] of acknowledged) {
        expect(leases.get(mac), `the stored lease of ${mac}`).toMatchObject({ address, state: 'bound' });
      }
      server = await DhcpProcess.start(inner, settings);
      await clients.done();
    }
    expect(acknowledged.size).toBeGreaterThanOrEqual(KILLS * (CLIENTS_PER_ROUND - KNOWN_CLIENTS));
    expect(moved).toEqual([]);
    expect(new Set(acknowledged.values()).size).toBe(acknowledged.size);
    const { counters } = await server.stop();
    expect(counters['dhcp_faults']).toBeUndefined();
  },
);

/** The clients' process: what it acknowledged goes to `onLease`. */
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
