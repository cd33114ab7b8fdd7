import pino from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { bytesOf, callingStore, type StoreCall } from '../../src/store/store-calls.ts';
import { StoreError } from '../../src/store/store-error.ts';
import { StoreHealth } from '../../src/store/store-health.ts';
import type { DatabaseStore } from '../../src/store/store.ts';

const full = new StoreError('full', 'the disk of the store /data/railhead.db is full');

let failure: Error | undefined;
/** Number of bytes that fit; undefined if there is no limit. */
let room: number | undefined;
let lines: Record<string, unknown>[];
let nowMs: number;
let health: StoreHealth;
let store: DatabaseStore;

beforeEach(() => {
  vi.useFakeTimers();
  failure = undefined;
  room = undefined;
  lines = [];
  nowMs = 0;
  const log = pino({}, { write: (line: string) => lines.push(JSON.parse(line) as Record<string, unknown>) });
  health = new StoreHealth({ log, nowMs: () => nowMs });
  const answer = (call: StoreCall): Promise<unknown> => {
    if (failure !== undefined) return Promise.reject(failure);
    const bytes = call.method === 'probe' ? Number(call.args[0]) : bytesOf(call);
    return room !== undefined && bytes > room ? Promise.reject(full) : Promise.resolve([]);
  };
  store = health.watch(callingStore(answer, () => Promise.resolve()));
});
afterEach(async () => {
  await store.close();
  vi.useRealTimers();
});

const fails = (): Promise<void> => expect(store.leases.commitLeases([])).rejects.toThrow(failure);

test('a full disk causes one line a minute without a stack, however many calls fail', async () => {
  failure = full;
  for (let count = 0; count < 100; count++) await fails();
  nowMs = 61_000;
  await fails();
  expect(lines.map(({ failedCalls, level, msg }) => ({ failedCalls, level, msg }))).toEqual([
    { failedCalls: 1, level: 50, msg: full.message },
    { failedCalls: 101, level: 50, msg: full.message },
  ]);
  for (const line of lines) expect(line).not.toHaveProperty('err');
  expect(health.problem).toEqual({ failure: 'full', message: full.message });
});

test('another failure is reported at once', async () => {
  failure = full;
  await fails();
  failure = new StoreError('disk', 'the disk reports errors');
  await fails();
  expect(lines.map(({ msg }) => msg)).toEqual([full.message, 'the disk reports errors']);
});

test('a store that did not answer works again when something is written, and not when something is read', async () => {
  failure = new StoreError('unreachable', 'the database does not answer');
  await fails();
  failure = undefined;
  await store.events.listEvents({ limit: 1 });
  await store.transitions.lastTransition();
  expect(health.problem).toBeDefined();
  await store.events.appendEvents([]);
  expect(health.problem).toBeUndefined();
  expect(lines.at(-1)?.['msg']).toBe('the store works again');
});

test('a disk counts as full while small writes fit and large ones do not', async () => {
  room = 400_000;
  const report = {
    sessionId: 's',
    at: new Date(0),
    kind: 'machine.report',
    summary: '',
    detail: {},
  } as const;
  const large = store.events.appendEvents([{ ...report, summary: 'x'.repeat(500_000) }]);
  await expect(large).rejects.toThrow(full);
  for (let count = 0; count < 5; count++) {
    await store.leases.commitLeases([]);
    await store.events.appendEvents([report]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(health.problem?.failure).toBe('full');
  }
  room = 600_000;
  await vi.advanceTimersByTimeAsync(10_000);
  expect(health.problem).toBeUndefined();
  expect(lines.map(({ msg }) => msg)).toEqual([full.message, 'the store works again']);
});

test('a disk with space for only a few leases still counts as full', async () => {
  room = 0;
  await expect(store.leases.commitLeases([])).rejects.toThrow(full);
  room = 200_000;
  await vi.advanceTimersByTimeAsync(10_000);
  expect(health.problem).toBeDefined();
  room = 300_000;
  await vi.advanceTimersByTimeAsync(10_000);
  expect(health.problem).toBeUndefined();
});

test('a store without writes is probed, so that a fault is known before it is needed', async () => {
  await vi.advanceTimersByTimeAsync(10_000);
  expect(lines).toEqual([]);
  failure = full;
  await vi.advanceTimersByTimeAsync(10_000);
  expect(health.problem).toBeDefined();
  failure = undefined;
  await vi.advanceTimersByTimeAsync(10_000);
  expect(health.problem).toBeUndefined();
  expect(lines.map(({ msg }) => msg)).toEqual([full.message, 'the store works again']);
});

test('nothing is probed once the store is closed', async () => {
  await store.close();
  expect(vi.getTimerCount()).toBe(0);
});

test('an error of a caller does not mean that the store is faulty', async () => {
  failure = new Error('NOT NULL constraint failed');
  await fails();
  expect(health.problem).toBeUndefined();
  expect(lines).toEqual([]);
});
