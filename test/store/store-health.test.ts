import pino from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { callingStore } from '../../src/store/store-calls.ts';
import { StoreError } from '../../src/store/store-error.ts';
import { StoreHealth } from '../../src/store/store-health.ts';
import type { DatabaseStore } from '../../src/store/store.ts';

const full = new StoreError('full', 'the disk of the store /data/railhead.db is full');

let failure: Error | undefined;
let lines: Record<string, unknown>[];
let nowMs: number;
let health: StoreHealth;
let store: DatabaseStore;

beforeEach(() => {
  vi.useFakeTimers();
  failure = undefined;
  lines = [];
  nowMs = 0;
  const log = pino({}, { write: (line: string) => lines.push(JSON.parse(line) as Record<string, unknown>) });
  health = new StoreHealth({ log, nowMs: () => nowMs });
  const answer = (): Promise<unknown> =>
    failure === undefined ? Promise.resolve([]) : Promise.reject(failure);
  store = health.watch(callingStore(answer, () => Promise.resolve()));
});
afterEach(async () => {
  await store.close();
  vi.useRealTimers();
});

const fails = (): Promise<void> => expect(store.leases.commitLeases([])).rejects.toThrow(failure);

test('a full disk is one plain line a minute, however many calls fail', async () => {
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

test('another failure is told at once', async () => {
  failure = full;
  await fails();
  failure = new StoreError('disk', 'the disk reports errors');
  await fails();
  expect(lines.map(({ msg }) => msg)).toEqual([full.message, 'the disk reports errors']);
});

test('it works again when something is written, and not when something is read', async () => {
  failure = full;
  await fails();
  failure = undefined;
  await store.events.listEvents({ limit: 1 });
  await store.transitions.lastTransition();
  expect(health.problem).toBeDefined();
  await store.events.appendEvents([]);
  expect(health.problem).toBeUndefined();
  expect(lines.at(-1)?.['msg']).toBe('the store works again');
});

test('while nobody writes it is tried whether it works again', async () => {
  failure = full;
  await fails();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(health.problem).toBeDefined();
  failure = undefined;
  await vi.advanceTimersByTimeAsync(10_000);
  expect(health.problem).toBeUndefined();
  expect(vi.getTimerCount()).toBe(0);
});

test('a fault of a caller says nothing about the store', async () => {
  failure = new Error('NOT NULL constraint failed');
  await fails();
  expect(health.problem).toBeUndefined();
  expect(lines).toEqual([]);
});
