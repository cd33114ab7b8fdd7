import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pino from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { DnsUpdater } from '../../src/dns-updates/dns-updater.ts';
import { DnsKeys } from '../../src/dns-updates/dns-keys.ts';
import { Counters } from '../../src/limits/counters.ts';
import { parseDnsName } from '../../src/protocol/dns/dns-name.ts';
import type { Lease } from '../../src/provision/dhcp/leases/lease.ts';
import type { LeaseEvent } from '../../src/provision/dhcp/leases/lease-event.ts';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import type { DatabaseStore } from '../../src/store/store.ts';
import { findProgram } from '../support/find-program.ts';
import { ip } from '../provision/dhcp/dhcp-rig.ts';
import { BindServer } from './bind-server.ts';

const missing = ['named', 'dig', 'tsig-keygen'].filter((name) => findProgram(name) === undefined);
if (missing.length > 0) console.warn(`skipping dynamic DNS: not installed: ${missing.join(' ')}`);

const FORWARD = 'lab.example.com';
const REVERSE = '20.10.in-addr.arpa';

let bind: BindServer;
let folder: string;
let store: DatabaseStore;
let counters: Counters;
let lines: Record<string, unknown>[];
let updater: DnsUpdater;
const leases = new Map<string, Lease>();

beforeAll(async () => {
  if (missing.length > 0) return;
  bind = new BindServer([
    { name: FORWARD, records: ['printer A 192.0.2.9', 'note TXT "kept by hand"'] },
    { name: REVERSE },
  ]);
  await bind.start();
  folder = mkdtempSync(path.join(tmpdir(), 'railhead-dns-'));
});

afterAll(async () => {
  if (missing.length > 0) return;
  await updater.close();
  await store.close();
  await bind.remove();
  rmSync(folder, { recursive: true });
});

async function startUpdater(keyFile = bind.keyFile): Promise<void> {
  store = await openSqliteStore({ file: path.join(folder, 'railhead.db'), synchronous: 'full' });
  counters = new Counters();
  lines = [];
  const settings = [FORWARD, REVERSE].map((zone) => ({
    zone: parseDnsName(zone)!,
    server: { host: bind.host, port: bind.port },
    key_file: keyFile,
  }));
  updater = new DnsUpdater({
    zones: new DnsKeys(settings).openZones(() => Date.now()),
    store: store.dnsRecords,
    counters,
    log: pino({}, { write: (line: string) => lines.push(JSON.parse(line) as Record<string, unknown>) }),
    nowMs: () => performance.now(),
  });
  await updater.load();
  updater.start((address) => leases.get(address));
}

async function stopUpdater(): Promise<void> {
  await updater.close();
  await store.close();
}

function leaseOf(client: number, address: string): Lease {
  const chaddr = `02:00:00:00:00:0${client}`;
  return {
    address: ip(address),
    subnetId: 'rack',
    clientKey: `mac:${chaddr}`,
    chaddr,
    state: 'bound',
    boundAt: 0,
    expiresAt: 0,
  };
}

/** The event that the engine emits when a client gets a lease. */
function bound(client: number, address: string, label: string): LeaseEvent {
  const lease = leaseOf(client, address);
  leases.set(address, lease);
  const name = parseDnsName(`${label}.${FORWARD}`)!;
  return { kind: 'bound', lease, name: { name, forward: true, reverse: true, ttlSeconds: 1200 } };
}

function released(client: number, address: string): LeaseEvent {
  leases.delete(address);
  return { kind: 'released', lease: { ...leaseOf(client, address), state: 'released' } };
}

/** Waits until a condition holds. */
async function until(holds: () => boolean, what: string, timeoutMs = 15_000): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`gave up waiting until ${what}\n${JSON.stringify(lines)}`);
    await new Promise((again) => setTimeout(again, 20));
  }
}
const settled = (): Promise<void> => until(() => updater.pending === 0, 'nothing is left to be done');

describe.skipIf(missing.length > 0)('against BIND 9', () => {
  beforeEach(async () => {
    if ((updater as DnsUpdater | undefined) === undefined) await startUpdater();
  });

  test('a lease gets its A and PTR records, and both are removed when it ends', async () => {
    updater.leaseChanged(bound(1, '10.20.0.50', 'web1'));
    await settled();
    expect(bind.dig(`web1.${FORWARD}`, 'A')).toEqual(['10.20.0.50']);
    expect(bind.ttl(`web1.${FORWARD}`, 'A')).toBe(1200);
    expect(bind.dig(`web1.${FORWARD}`, 'DHCID')).toHaveLength(1);
    expect(bind.dig(`50.0.${REVERSE}`, 'PTR')).toEqual([`web1.${FORWARD}.`]);

    updater.leaseChanged(released(1, '10.20.0.50'));
    await settled();
    expect(bind.dig(`web1.${FORWARD}`, 'ANY')).toEqual([]);
    expect(bind.dig(`50.0.${REVERSE}`, 'PTR')).toEqual([]);
    expect(await store.dnsRecords.loadDnsRecords()).toEqual([]);
  });

  test('a client that moves to another address keeps its name', async () => {
    updater.leaseChanged(bound(1, '10.20.0.51', 'web1'));
    await settled();
    leases.delete('10.20.0.51');
    updater.leaseChanged({ kind: 'freed', address: ip('10.20.0.51') });
    updater.leaseChanged(bound(1, '10.20.0.52', 'web1'));
    await settled();
    expect(bind.dig(`web1.${FORWARD}`, 'A')).toEqual(['10.20.0.52']);
    expect(bind.dig(`51.0.${REVERSE}`, 'PTR')).toEqual([]);
    expect(bind.dig(`52.0.${REVERSE}`, 'PTR')).toEqual([`web1.${FORWARD}.`]);
  });

  test("neither a manual record nor another client's name is changed", async () => {
    for (const [address, label] of [
      ['10.20.0.60', 'printer'],
      ['10.20.0.61', 'note'],
      ['10.20.0.62', 'web1'],
    ] as const) {
      updater.leaseChanged(bound(2, address, label));
      await settled();
      expect(bind.dig(`${address.split('.')[3]}.0.${REVERSE}`, 'PTR')).toEqual([]);
      updater.leaseChanged(released(2, address));
      await settled();
    }
    expect(bind.dig(`printer.${FORWARD}`, 'A')).toEqual(['192.0.2.9']);
    expect(bind.dig(`note.${FORWARD}`, 'TXT')).toEqual(['"kept by hand"']);
    expect(bind.dig(`web1.${FORWARD}`, 'A')).toEqual(['10.20.0.52']);
    expect(counters.get('dns_updates', 'conflict')).toBe(3);
    expect(lines.some(({ msg }) => String(msg).includes('belongs to another client'))).toBe(true);
  });

  test('an unreachable server: only the latest state waits, and is sent when the server is back', async () => {
    await bind.stop();
    updater.leaseChanged(bound(3, '10.20.0.70', 'db1'));
    updater.leaseChanged(bound(4, '10.20.0.71', 'db2'));
    updater.leaseChanged(released(3, '10.20.0.70'));
    updater.leaseChanged(bound(3, '10.20.0.70', 'db3'));
    updater.leaseChanged(released(4, '10.20.0.71'));
    await until(() => counters.get('dns_updates', 'no_answer') > 0, 'the server was missed');
    expect(updater.pending).toBeGreaterThan(0);
    await bind.start();
    await settled();
    expect(bind.dig(`db3.${FORWARD}`, 'A')).toEqual(['10.20.0.70']);
    expect(bind.dig(`db1.${FORWARD}`, 'A')).toEqual([]);
    expect(bind.dig(`db2.${FORWARD}`, 'A')).toEqual([]);
  });

  test('after a restart names of ended leases are removed, and waiting updates are sent', async () => {
    await bind.stop();
    updater.leaseChanged(bound(5, '10.20.0.80', 'late1'));
    await until(() => updater.pending > 0, 'there is something to do');
    await stopUpdater();
    leases.delete('10.20.0.70');
    await bind.start();
    await startUpdater();
    await settled();
    expect(bind.dig(`late1.${FORWARD}`, 'A')).toEqual(['10.20.0.80']);
    expect(bind.dig(`80.0.${REVERSE}`, 'PTR')).toEqual([`late1.${FORWARD}.`]);
    expect(bind.dig(`db3.${FORWARD}`, 'A')).toEqual([]);
    expect(bind.dig(`70.0.${REVERSE}`, 'PTR')).toEqual([]);
  });

  test('with a wrong secret or an unknown key nothing is changed, and that is logged without the secret', async () => {
    await stopUpdater();
    for (const [name, reason] of [
      ['railhead', 'BADSIG'],
      ['stranger', 'BADKEY'],
    ] as const) {
      await startUpdater(bind.makeKey(name, `wrong-${name}`));
      updater.leaseChanged(bound(6, '10.20.0.90', 'mail1'));
      await until(() => lines.some((line) => String(line['reason']).includes(reason)), `it said ${reason}`);
      expect(bind.dig(`mail1.${FORWARD}`, 'A')).toEqual([]);
      await stopUpdater();
    }
    await startUpdater();
    await settled();
    expect(bind.dig(`mail1.${FORWARD}`, 'A')).toEqual(['10.20.0.90']);
  });

  test('three hundred leases at once', async () => {
    const started = performance.now();
    for (let index = 0; index < 300; index++) {
      const address = `10.20.${1 + (index >> 8)}.${index & 255}`;
      updater.leaseChanged(bound(7, address, `node${index}`));
    }
    await until(() => updater.pending === 0, 'nothing is left to be done', 60_000);
    console.info(`300 names forward and reverse took ${Math.round(performance.now() - started)} ms`);
    expect(bind.dig(`node299.${FORWARD}`, 'A')).toEqual(['10.20.2.43']);
    expect(bind.dig(`43.2.${REVERSE}`, 'PTR')).toEqual([`node299.${FORWARD}.`]);
  });
});
