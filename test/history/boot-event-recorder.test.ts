import pino from 'pino';
import { afterEach, expect, test, vi } from 'vitest';
import { parseMac } from '../../src/protocol/mac-address.ts';
import type { BootEvent } from '../../src/provision/history/boot-event.ts';
import { BootSessions } from '../../src/provision/history/boot-session.ts';
import { BootEventRecorder } from '../../src/history/boot-event-recorder.ts';
import { Counters } from '../../src/limits/counters.ts';
import { EventBudget } from '../../src/provision/history/event-budget.ts';
import type { AppendOptions, EventStore, StoredBootEvent } from '../../src/store/event-store.ts';
import { StoreError } from '../../src/store/store-error.ts';

type Written = Omit<StoredBootEvent, 'id'>;

/** An event of the n-th machine. */
const event = (summary: string, machine = 1): BootEvent => ({
  at: new Date(0),
  kind: 'dhcp.offer',
  mac: parseMac(`0200${machine.toString(16).padStart(8, '0')}`)!,
  summary,
  detail: {},
});

function recorder(append: EventStore['appendEvents'] = () => Promise.resolve()) {
  const counters = new Counters();
  const lines: Record<string, unknown>[] = [];
  let sessions = 0;
  const events = new BootEventRecorder({
    store: { appendEvents: append },
    sessions: new BootSessions(() => `s${++sessions}`),
    budget: new EventBudget(() => false),
    counters,
    log: pino(
      { level: 'info' },
      { write: (line: string) => lines.push(JSON.parse(line) as Record<string, unknown>) },
    ),
    nowMs: () => 0,
  });
  return { events, counters, lines };
}

afterEach(() => vi.useRealTimers());

test('events are written in order and in batches', async () => {
  const batches: (readonly Written[])[] = [];
  const { events } = recorder((batch) => {
    batches.push(batch);
    return Promise.resolve();
  });
  events.record(event('a'));
  events.record(event('b'));
  events.record(event('c'));
  await events.flush();
  expect(batches.map((batch) => batch.map((one) => one.summary))).toEqual([['a', 'b', 'c']]);
});

test('it is known how many events wait, and since when', async () => {
  let stored: () => void = () => undefined;
  const { events } = recorder(() => new Promise((resolve) => (stored = resolve)));
  expect([events.waiting, events.unwrittenSince]).toEqual([0, undefined]);
  events.record({ ...event('a'), at: new Date(5_000) });
  events.record({ ...event('b'), at: new Date(6_000) });
  expect([events.waiting, events.unwrittenSince]).toEqual([2, new Date(5_000)]);
  const flushed = events.flush();
  expect([events.waiting, events.unwrittenSince]).toEqual([0, new Date(5_000)]);
  stored();
  await flushed;
  expect([events.waiting, events.unwrittenSince]).toEqual([0, undefined]);
});

test('a failing store loses events, does not end the process, and causes one log line', async () => {
  const { counters, events, lines } = recorder(() => Promise.reject(new Error('disk full')));
  for (let machine = 0; machine < 200; machine++) events.record(event('a', machine));
  await events.flush();
  expect(counters.get('boot_events_left_out', 'store_failed')).toBe(200);
  expect(lines.map((line) => line['msg'])).toEqual([
    'boot events could not be stored',
    'some boot events were not recorded: there were more than the limits allow',
  ]);
});

test('an event whose sender waits is synced, and its outcome is returned', async () => {
  const appended: [string[], AppendOptions | undefined][] = [];
  let full = false;
  const { events, lines } = recorder((batch, options) => {
    appended.push([batch.map(({ summary }) => summary), options]);
    return full ? Promise.reject(new StoreError('full', 'the disk is full')) : Promise.resolve();
  });
  const kept = events.keep(event('a'));
  events.record(event('b'));
  await events.flush();
  expect(await kept).toBe('kept');
  events.record(event('c'));
  await events.flush();
  full = true;
  const failed = events.keep(event('d'));
  await events.flush();
  expect(await failed).toBe('failed');
  expect(appended).toEqual([
    [['a', 'b'], { synced: true }],
    [['c'], { synced: false }],
    [['d'], { synced: true }],
  ]);
  // The store's own log line has the reason and the number.
  expect(lines.map(({ msg }) => msg)).not.toContain('boot events could not be stored');
  for (let count = 0; count < 50; count++) events.record(event('e'));
  expect(await events.keep(event('f'))).toBe('left_out');
});

test('memory does not grow while the store hangs', () => {
  const { counters, events } = recorder(() => new Promise(() => undefined));
  for (let machine = 0; machine < 60_000; machine++) events.record(event('a', machine));
  expect(counters.get('boot_events_left_out', 'store_behind')).toBeGreaterThanOrEqual(9_900);
});

test('events over the limits are counted, and reported once a minute', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const written: Written[] = [];
  const { counters, events, lines } = recorder((batch) => {
    written.push(...batch);
    return Promise.resolve();
  });
  const kept = Array.from({ length: 5000 }, () => events.record(event('a'))).filter(Boolean);
  await vi.advanceTimersByTimeAsync(59_000);
  expect(lines).toEqual([]);
  await vi.advanceTimersByTimeAsync(1_000);
  expect([kept.length, written.length]).toEqual([30, 30]);
  expect(counters.get('boot_events_left_out', 'client_rate')).toBe(4970);
  expect(lines).toMatchObject([{ level: 40, leftOut: { client_rate: 4970 } }]);
  await vi.advanceTimersByTimeAsync(600_000);
  expect(lines).toHaveLength(1);
});
