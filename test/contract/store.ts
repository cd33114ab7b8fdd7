import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Ipv4Address, parseIpv4 } from '../../src/protocol/ipv4-address.ts';
import { type MacAddress, parseMac } from '../../src/protocol/mac-address.ts';
import type { Lease } from '../../src/provision/dhcp/leases/lease.ts';
import type { Store, StoredBootEvent } from '../../src/store/store.ts';

const address = (text: string): Ipv4Address => parseIpv4(text)!;
const mac = (text: string): MacAddress => parseMac(text)!;

const lease = (last: number, extra: Partial<Lease> = {}): Lease => ({
  address: address(`10.0.1.${last}`),
  subnetId: 'rack1',
  clientKey: `mac:52:54:00:00:00:${last.toString(16).padStart(2, '0')}`,
  chaddr: `52:54:00:00:00:${last.toString(16).padStart(2, '0')}`,
  state: 'bound',
  boundAt: 1_790_000_000_000,
  expiresAt: 1_790_000_600_000,
  ...extra,
});

const put = (one: Lease) => ({ kind: 'put', lease: one }) as const;

const event = (extra: Partial<StoredBootEvent> = {}): Omit<StoredBootEvent, 'id'> => ({
  sessionId: 's1',
  at: new Date('2026-11-23T09:00:00.123Z'),
  kind: 'dhcp.ack',
  mac: mac('52:54:00:00:00:01'),
  address: address('10.0.1.1'),
  machineId: 'node1',
  summary: 'leased 10.0.1.1',
  detail: { xid: 'c0ffee00', options: [1, 3, { nested: null }] },
  ...extra,
});

/**
 * What every store must do. `open` gives the store of one place, empty the first time; opening it again after `close`
 * must give what was written before.
 */
export function describeStore(
  name: string,
  makePlace: () => { open: () => Promise<Store>; remove: () => void },
) {
  describe(name, () => {
    let place: ReturnType<typeof makePlace>;
    let store: Store;

    beforeEach(async () => {
      place = makePlace();
      store = await place.open();
    });
    afterEach(async () => {
      await store.close().catch(() => undefined);
      place.remove();
    });

    const reopen = async (): Promise<void> => {
      await store.close();
      store = await place.open();
    };
    const leases = async (): Promise<Lease[]> =>
      (await store.loadLeases()).sort((one, other) => one.address.localeCompare(other.address));

    test('an empty store has nothing, which is no error', async () => {
      expect(await store.loadLeases()).toEqual([]);
      expect(await store.listDiscovered()).toEqual([]);
      expect(await store.listEvents({ limit: 10 })).toEqual([]);
      expect(await store.listEvents({ limit: 10, mac: mac('52:54:00:00:00:01') })).toEqual([]);
    });

    test('leases come back as they were, also from a store that was opened anew', async () => {
      const full = lease(2, {
        state: 'declined',
        clientId: '01525400000002',
        hostname: 'node2',
        relayInfo: '0104c0ffee00',
      });
      await store.commitLeases([put(lease(1)), put(full)]);
      expect(await leases()).toEqual([lease(1), full]);
      await reopen();
      expect(await leases()).toEqual([lease(1), full]);
    });

    test('a lease without end has none afterwards', async () => {
      await store.commitLeases([put(lease(1, { expiresAt: Infinity }))]);
      expect((await leases())[0]?.expiresAt).toBe(Infinity);
    });

    test('an address has one lease: the last that was put, whole', async () => {
      await store.commitLeases([put(lease(1, { hostname: 'old', clientId: 'ff' })), put(lease(1))]);
      await store.commitLeases([put(lease(1, { state: 'released' }))]);
      expect(await leases()).toEqual([lease(1, { state: 'released' })]);
    });

    test('changes take effect in their order', async () => {
      await store.commitLeases([put(lease(1)), { kind: 'delete', address: address('10.0.1.1') }]);
      expect(await leases()).toEqual([]);
      await store.commitLeases([{ kind: 'delete', address: address('10.0.1.1') }, put(lease(1))]);
      expect(await leases()).toEqual([lease(1)]);
    });

    test('nothing to commit, and nothing to delete, is no error', async () => {
      await store.commitLeases([]);
      await store.commitLeases([{ kind: 'delete', address: address('10.0.1.9') }]);
      expect(await leases()).toEqual([]);
    });

    test('a commit is all or nothing', async () => {
      const broken = { ...lease(2), subnetId: null } as unknown as Lease;
      await expect(store.commitLeases([put(lease(1)), put(broken)])).rejects.toThrow();
      expect(await leases()).toEqual([]);
      await store.commitLeases([put(lease(3))]);
      expect(await leases()).toEqual([lease(3)]);
    });

    test('commits asked for at once are all done', async () => {
      await Promise.all(Array.from({ length: 50 }, (_, index) => store.commitLeases([put(lease(index))])));
      expect(await leases()).toHaveLength(50);
    });

    test('a machine seen again keeps when it was seen first, and what it told before', async () => {
      const first = {
        mac: mac('52:54:00:00:00:01'),
        serial: 'S1',
        arch: 'x86_64',
        firstSeenAt: new Date(1000),
        lastSeenAt: new Date(1000),
      };
      await store.recordDiscovered(first);
      await store.recordDiscovered({
        mac: first.mac,
        arch: 'arm64',
        address: address('10.0.1.7'),
        firstSeenAt: new Date(2000),
        lastSeenAt: new Date(2000),
      });
      const expected = {
        ...first,
        arch: 'arm64',
        address: '10.0.1.7',
        lastSeenAt: new Date(2000),
      };
      expect(await store.listDiscovered()).toEqual([expected]);
      await reopen();
      expect(await store.listDiscovered()).toEqual([expected]);
    });

    test('machines are listed by MAC', async () => {
      for (const last of ['03', '01', '02']) {
        const seen = new Date(0);
        await store.recordDiscovered({
          mac: mac(`52:54:00:00:00:${last}`),
          firstSeenAt: seen,
          lastSeenAt: seen,
        });
      }
      expect((await store.listDiscovered()).map((one) => one.mac.slice(-2))).toEqual(['01', '02', '03']);
    });

    test('of too many machines those seen longest ago are forgotten, a few at a time', async () => {
      for (const [last, seconds] of [
        ['01', 3],
        ['02', 1],
        ['03', 2],
        ['04', 5],
        ['05', 4],
      ] as const) {
        const seen = new Date(seconds * 1000);
        await store.recordDiscovered({
          mac: mac(`52:54:00:00:00:${last}`),
          firstSeenAt: seen,
          lastSeenAt: seen,
        });
      }
      const prune = () => store.pruneDiscovered({ newest: 2, atOnce: 2 });
      const left = async () => (await store.listDiscovered()).map((one) => one.mac.slice(-2));
      expect(await prune()).toBe(2);
      expect(await left()).toEqual(['01', '04', '05']);
      expect(await prune()).toBe(1);
      expect(await left()).toEqual(['04', '05']);
      expect(await prune()).toBe(0);
    });

    test('events come back as they were, numbered in order of writing', async () => {
      const bare = {
        sessionId: 's2',
        at: new Date(5),
        kind: 'http.asset',
        summary: 'a',
        detail: {},
      } as const;
      await store.appendEvents([event(), bare]);
      const [one, two] = await store.listEvents({ limit: 10 });
      expect(one).toEqual({ ...event(), id: one?.id });
      expect(two).toEqual({ ...bare, id: two?.id });
      expect(two!.id).toBeGreaterThan(one!.id);
    });

    test('without a cursor the newest events are read, with one those that follow it, newest last', async () => {
      await store.appendEvents(['a', 'b', 'c', 'd', 'e'].map((summary) => event({ summary })));
      const newest = await store.listEvents({ limit: 2 });
      expect(newest.map((one) => one.summary)).toEqual(['d', 'e']);
      const [first] = await store.listEvents({ limit: 5 });
      const next = await store.listEvents({ afterId: first!.id, limit: 2 });
      expect(next.map((one) => one.summary)).toEqual(['b', 'c']);
      expect(await store.listEvents({ afterId: newest[1]!.id, limit: 5 })).toEqual([]);
    });

    test('events are found by MAC and by kind', async () => {
      await store.appendEvents([
        event({ summary: 'a' }),
        event({ summary: 'b', mac: mac('52:54:00:00:00:02') }),
        event({ summary: 'c', kind: 'dhcp.nak' }),
      ]);
      const found = async (query: { mac?: MacAddress; kind?: 'dhcp.ack' | 'dhcp.nak' }) =>
        (await store.listEvents({ ...query, limit: 10 })).map((one) => one.summary);
      expect(await found({ mac: mac('52:54:00:00:00:01') })).toEqual(['a', 'c']);
      expect(await found({ kind: 'dhcp.ack' })).toEqual(['a', 'b']);
      expect(await found({ mac: mac('52:54:00:00:00:01'), kind: 'dhcp.nak' })).toEqual(['c']);
    });

    test('old events are deleted, and their numbers do not come back', async () => {
      await store.appendEvents([event({ at: new Date(1000) }), event({ at: new Date(2000) })]);
      const [, last] = await store.listEvents({ limit: 2 });
      const older = (ms: number) => ({ before: new Date(ms), newest: 100, atOnce: 100 });
      expect(await store.pruneEvents(older(2000))).toBe(1);
      expect(await store.pruneEvents(older(3000))).toBe(1);
      expect(await store.pruneEvents(older(3000))).toBe(0);
      await store.appendEvents([event()]);
      const [after] = await store.listEvents({ limit: 10 });
      expect(after!.id).toBeGreaterThan(last!.id);
    });

    test('of too many events the oldest are deleted, a few at a time', async () => {
      const at = (seconds: number) => event({ at: new Date(seconds * 1000), summary: `${seconds}` });
      await store.appendEvents([3, 1, 2, 4, 5, 6, 7, 8].map(at));
      const prune = () => store.pruneEvents({ before: new Date(3000), newest: 3, atOnce: 3 });
      const left = async () => (await store.listEvents({ limit: 10 })).map(({ summary }) => summary);
      // Two for their age, one because there are too many.
      expect(await prune()).toBe(3);
      expect(await left()).toEqual(['4', '5', '6', '7', '8']);
      expect(await prune()).toBe(2);
      expect(await left()).toEqual(['6', '7', '8']);
      expect(await prune()).toBe(0);
    });

    test('a closed store rejects', async () => {
      await store.close();
      await expect(store.loadLeases()).rejects.toThrow();
      await expect(store.commitLeases([put(lease(1))])).rejects.toThrow();
    });
  });
}
