import pino from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { DnsExchangeError } from '../../src/dns-updates/dns-exchange.ts';
import { DnsUpdater } from '../../src/dns-updates/dns-updater.ts';
import { Counters } from '../../src/limits/counters.ts';
import { RecordType, ResponseCode } from '../../src/protocol/dns/dns-message.ts';
import { parseDnsName } from '../../src/protocol/dns/dns-name.ts';
import type { DnsUpdate } from '../../src/protocol/dns/dns-update.ts';
import type { Ipv4Address } from '../../src/protocol/ipv4-address.ts';
import type { LeaseEvent } from '../../src/provision/dhcp/leases/lease-event.ts';
import type { Lease } from '../../src/provision/dhcp/leases/lease.ts';
import type { DnsRecord, DnsRecordChange } from '../../src/provision/dns/dns-record.ts';
import { FakeDnsZone } from '../fakes/fake-dns-zone.ts';
import { ip } from '../provision/dhcp/dhcp-rig.ts';

const forwardName = parseDnsName('lab.example.com')!;
const reverseName = parseDnsName('20.10.in-addr.arpa')!;

/** A store of records in memory. */
class FakeRecordStore {
  readonly records = new Map<Ipv4Address, DnsRecord>();
  failure: Error | undefined;

  loadDnsRecords = () => Promise.resolve([...this.records.values()]);

  commitDnsRecords = (changes: readonly DnsRecordChange[]): Promise<void> => {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    for (const change of changes) {
      if (change.kind === 'put') this.records.set(change.record.address, change.record);
      else this.records.delete(change.address);
    }
    return Promise.resolve();
  };
}

let forward: FakeDnsZone;
let reverse: FakeDnsZone;
let store: FakeRecordStore;
let counters: Counters;
let lines: Record<string, unknown>[];
let leases: Map<Ipv4Address, Lease>;
let updater: DnsUpdater;
/** What the server does instead of making the update. */
let trouble: ((update: DnsUpdate) => number | undefined) | 'no answer' | undefined;
let sent: number;

beforeEach(async () => {
  vi.useFakeTimers();
  forward = new FakeDnsZone(forwardName);
  reverse = new FakeDnsZone(reverseName);
  store = new FakeRecordStore();
  leases = new Map();
  trouble = undefined;
  sent = 0;
  await start();
});

afterEach(async () => {
  const closed = updater.close();
  await vi.runAllTimersAsync();
  await closed;
  vi.useRealTimers();
});

async function start(): Promise<void> {
  counters = new Counters();
  lines = [];
  const exchange = (zone: FakeDnsZone) => (update: DnsUpdate) => {
    sent++;
    if (trouble === 'no answer') return Promise.reject(new DnsExchangeError('10.0.0.53:53: no answer'));
    return Promise.resolve(trouble?.(update) ?? zone.update(update));
  };
  updater = new DnsUpdater({
    zones: [
      { name: forwardName, exchange: exchange(forward) },
      { name: reverseName, exchange: exchange(reverse) },
    ],
    store,
    counters,
    log: pino({}, { write: (line: string) => lines.push(JSON.parse(line) as Record<string, unknown>) }),
    nowMs: () => performance.now(),
  });
  await updater.load();
  updater.start((address) => leases.get(address));
}

function bound(
  client: number,
  address: string,
  label: string | undefined,
  kind: 'bound' | 'renewed' = 'bound',
) {
  const chaddr = `02:00:00:00:00:0${client}`;
  const lease: Lease = {
    address: ip(address),
    subnetId: 'rack',
    clientKey: `mac:${chaddr}`,
    chaddr,
    state: 'bound',
    boundAt: 0,
    expiresAt: 0,
  };
  leases.set(lease.address, lease);
  const event: LeaseEvent = {
    kind,
    lease,
    ...(label !== undefined && {
      name: {
        name: parseDnsName(`${label}.lab.example.com`)!,
        forward: true,
        reverse: true,
        ttlSeconds: 600,
      },
    }),
  };
  updater.leaseChanged(event);
  return lease;
}

function over(kind: 'released' | 'expired' | 'declined', lease: Lease): void {
  leases.delete(lease.address);
  updater.leaseChanged({ kind, lease });
}

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);
const names = (): string[] =>
  forward
    .list()
    .filter((line) => line.includes(' A '))
    .map((line) => line.split('.')[0]!);

describe('a lease', () => {
  test('that is new gets its A and PTR records, and DHCP does not wait for them', async () => {
    bound(1, '10.20.0.50', 'web1');
    expect(sent).toBe(0);
    await pass(1000);
    expect(names()).toEqual(['web1']);
    expect(reverse.list()).toHaveLength(1);
    expect(updater.pending).toBe(0);
  });

  test('that is renewed causes no update', async () => {
    bound(1, '10.20.0.50', 'web1');
    await pass(1000);
    const before = sent;
    bound(1, '10.20.0.50', 'web1', 'renewed');
    bound(1, '10.20.0.50', undefined, 'renewed');
    await pass(1000);
    expect(sent).toBe(before);
    expect(names()).toEqual(['web1']);
  });

  test.each(['released', 'expired', 'declined'] as const)(
    'that is %s leaves no records behind',
    async (kind) => {
      const lease = bound(1, '10.20.0.50', 'web1');
      await pass(1000);
      over(kind, lease);
      await pass(1000);
      expect([...forward.list(), ...reverse.list(), ...store.records.keys()]).toEqual([]);
    },
  );

  test('whose address goes to a client without a name leaves no records behind', async () => {
    bound(1, '10.20.0.50', 'web1');
    await pass(1000);
    bound(2, '10.20.0.50', undefined);
    await pass(1000);
    expect([...forward.list(), ...reverse.list()]).toEqual([]);
  });

  test('whose client changes its name has only the new one', async () => {
    bound(1, '10.20.0.50', 'web1');
    await pass(1000);
    bound(1, '10.20.0.50', 'web2', 'renewed');
    await pass(1000);
    expect(names()).toEqual(['web2']);
    expect(reverse.list()).toHaveLength(1);
  });

  test('that ends while its update is running', async () => {
    const lease = bound(1, '10.20.0.50', 'web1');
    await pass(5);
    over('released', lease);
    await pass(1000);
    expect([...forward.list(), ...reverse.list(), ...store.records.keys()]).toEqual([]);
  });
});

describe('a name of another client', () => {
  const name = parseDnsName('web1.lab.example.com')!;

  test('is not changed, and the address gets no PTR record; this is logged once', async () => {
    forward.add(name, RecordType.a, Uint8Array.of(192, 0, 2, 1));
    bound(1, '10.20.0.50', 'web1');
    await pass(60_000);
    expect(forward.list()).toEqual([`${name} A c0000201`]);
    expect(reverse.list()).toEqual([]);
    expect(lines).toMatchObject([{ address: '10.20.0.50', name }]);
    expect(counters.get('dns_updates', 'conflict')).toBe(1);
  });

  test('is tried again with the next renewal', async () => {
    const other = bound(2, '10.20.0.60', 'web1');
    await pass(1000);
    bound(1, '10.20.0.50', 'web1');
    await pass(1000);
    over('released', other);
    await pass(1000);
    bound(1, '10.20.0.50', 'web1', 'renewed');
    await pass(1000);
    expect(forward.list()[0]).toBe(`${name} A 0a140032`);
    expect(reverse.list()).toHaveLength(1);
  });
});

describe('a server that does not answer', () => {
  test('is tried with one update at a time, at growing intervals', async () => {
    trouble = 'no answer';
    for (let client = 1; client <= 9; client++) bound(client, `10.20.0.5${client}`, `web${client}`);
    await pass(100);
    expect(sent).toBe(9);
    await pass(3_600_000);
    // Intervals of 1, 2, 4 and so on to 300 s: some twenty attempts an hour.
    expect(sent).toBeLessThan(9 + 25);
    expect(sent).toBeGreaterThan(9 + 15);
    expect(lines.length).toBeLessThan(70);
  });

  test.each<[name: string, trouble: typeof trouble]>([
    ['gives no valid answer', 'no answer'],
    ['refuses', () => ResponseCode.refused],
  ])('and %s is tried at once after a change of the key', async (_, what) => {
    trouble = what;
    bound(1, '10.20.0.50', 'web1');
    bound(2, '10.20.0.51', 'web2');
    await pass(600_000);
    trouble = undefined;
    updater.retryNow();
    await pass(1000);
    expect(names().sort()).toEqual(['web1', 'web2']);
    expect(updater.pending).toBe(0);
  });

  test('gets only the latest state of each address when it is back', async () => {
    trouble = 'no answer';
    for (let round = 0; round < 50; round++) {
      const lease = bound(1, '10.20.0.50', `name${round}`);
      await pass(500);
      if (round % 2 === 0) over('released', lease);
    }
    bound(1, '10.20.0.50', 'last');
    trouble = undefined;
    sent = 0;
    await pass(300_000);
    expect(names()).toEqual(['last']);
    expect(sent).toBeLessThanOrEqual(10);
  });

  test('does not delay updates of the other zone', async () => {
    bound(1, '10.20.0.50', 'web1');
    await pass(1000);
    trouble = (update) => {
      if (update.zone === forwardName) throw new DnsExchangeError('no answer');
      return undefined;
    };
    bound(2, '10.20.0.51', 'web2');
    await pass(1000);
    updater.leaseChanged({
      kind: 'bound',
      lease: { ...leases.get(ip('10.20.0.51'))!, address: ip('10.20.0.52') },
      name: { name: parseDnsName('x.other.org')!, forward: false, reverse: true, ttlSeconds: 600 },
    });
    await pass(1000);
    expect(reverse.list()).toHaveLength(2);
  });
});

describe('a server that refuses', () => {
  test('one name is tried again later, and the others are updated', async () => {
    trouble = (update) =>
      update.updates[0]?.name.startsWith('bad.') === true ? ResponseCode.refused : undefined;
    bound(1, '10.20.0.50', 'bad');
    bound(2, '10.20.0.51', 'good');
    await pass(1000);
    expect(names()).toEqual(['good']);
    expect(lines).toMatchObject([{ zone: forwardName, answer: 'REFUSED', address: '10.20.0.50' }]);
    trouble = undefined;
    await pass(60_000);
    expect(names()).toEqual(['bad', 'good']);
  });
});

describe('two addresses of one name', () => {
  test('are updated one after the other, in order', async () => {
    const first = bound(1, '10.20.0.50', 'web1');
    await pass(1000);
    leases.delete(first.address);
    updater.leaseChanged({ kind: 'freed', address: first.address });
    bound(1, '10.20.0.51', 'web1');
    await pass(1000);
    expect(forward.list()[0]).toBe('web1.lab.example.com A 0a140033');
    expect(reverse.list()).toHaveLength(1);
  });
});

describe('after a restart', () => {
  async function restart(): Promise<void> {
    const closed = updater.close();
    await vi.runAllTimersAsync();
    await closed;
    await start();
  }

  test('nothing is sent for records that are correct', async () => {
    bound(1, '10.20.0.50', 'web1');
    await pass(1000);
    await restart();
    sent = 0;
    await pass(1000);
    expect(sent).toBe(0);
    expect(updater.pending).toBe(0);
  });

  test('the name of a lease that ended meanwhile is removed', async () => {
    const lease = bound(1, '10.20.0.50', 'web1');
    await pass(1000);
    leases.delete(lease.address);
    await restart();
    await pass(1000);
    expect([...forward.list(), ...reverse.list(), ...store.records.keys()]).toEqual([]);
  });

  test('the name of a lease that now belongs to another client is removed', async () => {
    const lease = bound(1, '10.20.0.50', 'web1');
    await pass(1000);
    leases.set(lease.address, { ...lease, clientKey: 'mac:02:00:00:00:00:09', chaddr: '02:00:00:00:00:09' });
    await restart();
    await pass(1000);
    expect(forward.list()).toEqual([]);
  });

  test('updates that the server did not get before are sent now', async () => {
    trouble = 'no answer';
    bound(1, '10.20.0.50', 'web1');
    await pass(1000);
    await restart();
    trouble = undefined;
    await pass(1000);
    expect(names()).toEqual(['web1']);
    expect(reverse.list()).toHaveLength(1);
  });
});

test('an update is sent only after its record could be stored', async () => {
  store.failure = new Error('disk full');
  bound(1, '10.20.0.50', 'web1');
  await pass(10_000);
  expect(sent).toBe(0);
  expect(counters.get('dns_updates', 'store_failed')).toBeGreaterThan(0);
  store.failure = undefined;
  await pass(60_000);
  expect(names()).toEqual(['web1']);
});

test('two thousand simultaneous leases cause sixteen updates at a time', async () => {
  let running = 0;
  let most = 0;
  trouble = () => {
    running++;
    most = Math.max(most, running);
    queueMicrotask(() => running--);
    return undefined;
  };
  for (let index = 0; index < 2000; index++)
    bound(1, `10.20.${1 + (index >> 8)}.${index & 255}`, `n${index}`);
  await pass(10_000);
  expect(updater.pending).toBe(0);
  expect(names()).toHaveLength(2000);
  expect(most).toBeLessThanOrEqual(16);
});
