import { describe, expect, test } from 'vitest';
import { type Ipv4Address, parseIpv4 } from '../../src/protocol/ipv4-address.ts';
import { type MacAddress, parseMac } from '../../src/protocol/mac-address.ts';
import type { NewBootEvent, StoredBootEvent } from '../../src/store/event-store.ts';
import { type MakePlace, StoreUnderTest } from './store-place.ts';

const address = (text: string): Ipv4Address => parseIpv4(text)!;
const mac = (text: string): MacAddress => parseMac(text)!;

const event = (extra: Partial<StoredBootEvent> = {}): NewBootEvent => ({
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

/** What every EventStore must do. */
export function describeEventStore(makePlace: MakePlace): void {
  describe('boot events', () => {
    const under = new StoreUnderTest(makePlace);

    test('an empty store has none, which is not an error', async () => {
      expect(await under.store.events.listEvents({ limit: 10 })).toEqual([]);
      expect(await under.store.events.listEvents({ limit: 10, mac: mac('52:54:00:00:00:01') })).toEqual([]);
      await under.store.events.appendEvents([]);
      expect(await under.store.events.listEvents({ limit: 10 })).toEqual([]);
    });

    test('events are read unchanged, numbered in order of writing', async () => {
      const bare = {
        sessionId: 's2',
        at: new Date(5),
        kind: 'http.asset',
        summary: 'a',
        detail: {},
      } as const;
      await under.store.events.appendEvents([event(), bare]);
      const [one, two] = await under.store.events.listEvents({ limit: 10 });
      expect(one).toEqual({ ...event(), id: one?.id });
      expect(two).toEqual({ ...bare, id: two?.id });
      expect(two!.id).toBeGreaterThan(one!.id);
    });

    test('without a cursor the newest events are read, with one those after it, the newest last', async () => {
      await under.store.events.appendEvents(['a', 'b', 'c', 'd', 'e'].map((summary) => event({ summary })));
      const newest = await under.store.events.listEvents({ limit: 2 });
      expect(newest.map((one) => one.summary)).toEqual(['d', 'e']);
      const [first] = await under.store.events.listEvents({ limit: 5 });
      const next = await under.store.events.listEvents({ afterId: first!.id, limit: 2 });
      expect(next.map((one) => one.summary)).toEqual(['b', 'c']);
      expect(await under.store.events.listEvents({ afterId: newest[1]!.id, limit: 5 })).toEqual([]);
    });

    test('the range of ids is known, and events before one are read for lists that go back', async () => {
      expect(await under.store.events.findEventRange()).toBeUndefined();
      await under.store.events.appendEvents(['a', 'b', 'c', 'd'].map((summary) => event({ summary })));
      const [a, , c, d] = await under.store.events.listEvents({ limit: 10 });
      expect(await under.store.events.findEventRange()).toEqual({ first: a!.id, last: d!.id });
      const before = await under.store.events.listEvents({ beforeId: c!.id, limit: 10 });
      expect(before.map((one) => one.summary)).toEqual(['a', 'b']);
    });

    test('events are found by session and by several network cards', async () => {
      await under.store.events.appendEvents([
        event({ summary: 'a' }),
        event({ summary: 'b', mac: mac('52:54:00:00:00:02') }),
        event({ summary: 'c', mac: mac('52:54:00:00:00:03'), sessionId: 's2' }),
      ]);
      const found = async (query: object) =>
        (await under.store.events.listEvents({ ...query, limit: 10 })).map((one) => one.summary);
      expect(await found({ sessionId: 's1' })).toEqual(['a', 'b']);
      expect(await found({ sessionId: 's1', mac: mac('52:54:00:00:00:02') })).toEqual(['b']);
      expect(await found({ macs: [mac('52:54:00:00:00:01'), mac('52:54:00:00:00:03')] })).toEqual(['a', 'c']);
    });

    test('events are found by MAC and by kind', async () => {
      await under.store.events.appendEvents([
        event({ summary: 'a' }),
        event({ summary: 'b', mac: mac('52:54:00:00:00:02') }),
        event({ summary: 'c', kind: 'dhcp.nak' }),
      ]);
      const found = async (query: { mac?: MacAddress; kind?: 'dhcp.ack' | 'dhcp.nak' }) =>
        (await under.store.events.listEvents({ ...query, limit: 10 })).map((one) => one.summary);
      expect(await found({ mac: mac('52:54:00:00:00:01') })).toEqual(['a', 'c']);
      expect(await found({ kind: 'dhcp.ack' })).toEqual(['a', 'b']);
      expect(await found({ mac: mac('52:54:00:00:00:01'), kind: 'dhcp.nak' })).toEqual(['c']);
    });

    test('old events are deleted, and their numbers are not reused', async () => {
      await under.store.events.appendEvents([event({ at: new Date(1000) }), event({ at: new Date(2000) })]);
      const [, last] = await under.store.events.listEvents({ limit: 2 });
      const older = (ms: number) => ({ before: new Date(ms), newest: 100, atOnce: 100 });
      expect(await under.store.events.pruneEvents(older(2000))).toBe(1);
      expect(await under.store.events.pruneEvents(older(3000))).toBe(1);
      expect(await under.store.events.pruneEvents(older(3000))).toBe(0);
      await under.store.events.appendEvents([event()]);
      const [after] = await under.store.events.listEvents({ limit: 10 });
      expect(after!.id).toBeGreaterThan(last!.id);
    });

    test('beyond the limit the oldest events are deleted, a few at a time', async () => {
      const at = (seconds: number) => event({ at: new Date(seconds * 1000), summary: `${seconds}` });
      await under.store.events.appendEvents([3, 1, 2, 4, 5, 6, 7, 8].map(at));
      const prune = () => under.store.events.pruneEvents({ before: new Date(3000), newest: 3, atOnce: 3 });
      const left = async () =>
        (await under.store.events.listEvents({ limit: 10 })).map(({ summary }) => summary);
      // Two because of their age, one because there are too many.
      expect(await prune()).toBe(3);
      expect(await left()).toEqual(['4', '5', '6', '7', '8']);
      expect(await prune()).toBe(2);
      expect(await left()).toEqual(['6', '7', '8']);
      expect(await prune()).toBe(0);
    });

    test('any text that a machine can send is stored, with NUL replaced if necessary', async () => {
      const detail = { report: 'a\u0000b\ud800c\u{1f600}"\\' };
      await under.store.events.appendEvents([event({ summary: 'a\u0000b', detail })]);
      const [stored] = await under.store.events.listEvents({ limit: 1 });
      expect(stored!.detail).toEqual(detail);
      expect(stored!.summary).toMatch(/^a.?b$/su);
    });
  });
}
