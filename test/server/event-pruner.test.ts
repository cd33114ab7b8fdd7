import pino from 'pino';
import { expect, test } from 'vitest';
import { EventPruner } from '../../src/server/event-pruner.ts';
import type { EventRetention } from '../../src/store/store.ts';

const silent = pino({ level: 'silent' });
const now = (): Date => new Date('2026-11-23T09:00:00Z');

test('deletes a few at a time until there is nothing left to delete', async () => {
  const asked: EventRetention[] = [];
  const left = [500, 500, 20];
  const store = {
    pruneEvents: (retention: EventRetention) => {
      asked.push(retention);
      return Promise.resolve(left.shift() ?? 0);
    },
  };
  await new EventPruner(store, { days: 30, max: 1000 }, silent, now).prune();
  expect(asked).toEqual(
    Array(3).fill({ before: new Date('2026-10-24T09:00:00Z'), newest: 1000, atOnce: 500 }),
  );
});

test('ends with the deletion that is under way', async () => {
  let calls = 0;
  const store = {
    pruneEvents: () => {
      calls++;
      return Promise.resolve(500);
    },
  };
  const pruner = new EventPruner(store, { days: 1, max: 1 }, silent, now);
  const pruning = pruner.prune();
  await pruner.stop();
  await pruning;
  expect(calls).toBe(1);
});

test('a store that refuses is tried again the next time', async () => {
  let calls = 0;
  const store = { pruneEvents: () => Promise.reject(new Error(`broken ${++calls}`)) };
  const pruner = new EventPruner(store, { days: 1, max: 1 }, silent, now);
  await pruner.prune();
  await pruner.prune();
  expect(calls).toBe(2);
});
