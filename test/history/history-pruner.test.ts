import pino from 'pino';
import { expect, test } from 'vitest';
import { HistoryPruner } from '../../src/history/history-pruner.ts';
import type { EventRetention } from '../../src/store/event-store.ts';
import type { Retention } from '../../src/store/retention.ts';

const silent = pino({ level: 'silent' });
const now = (): Date => new Date('2026-11-23T09:00:00Z');
const limits = { eventDays: 30, eventsMax: 1000, discoveredMax: 50 };

test('deletes a few at a time until there is nothing left to delete', async () => {
  const events: EventRetention[] = [];
  const machines: Retention[] = [];
  const left = { events: [500, 500, 20], machines: [500, 0] };
  const pruneEvents = (retention: EventRetention) => {
    events.push(retention);
    return Promise.resolve(left.events.shift() ?? 0);
  };
  const pruneDiscovered = (retention: Retention) => {
    machines.push(retention);
    return Promise.resolve(left.machines.shift() ?? 0);
  };
  const store = { events: { pruneEvents }, discovered: { pruneDiscovered } };
  await new HistoryPruner(store, limits, silent, now).prune();
  expect(events).toEqual(
    Array(3).fill({ before: new Date('2026-10-24T09:00:00Z'), newest: 1000, atOnce: 500 }),
  );
  expect(machines).toEqual(Array(2).fill({ newest: 50, atOnce: 500 }));
});

test('ends with the deletion that is under way', async () => {
  let calls = 0;
  const prune = () => {
    calls++;
    return Promise.resolve(500);
  };
  const pruner = new HistoryPruner(
    { events: { pruneEvents: prune }, discovered: { pruneDiscovered: prune } },
    limits,
    silent,
    now,
  );
  const pruning = pruner.prune();
  await pruner.stop();
  await pruning;
  expect(calls).toBe(1);
});

test('a store that refuses is tried again the next time', async () => {
  let calls = 0;
  const refuse = () => Promise.reject(new Error(`broken ${++calls}`));
  const pruner = new HistoryPruner(
    { events: { pruneEvents: refuse }, discovered: { pruneDiscovered: refuse } },
    limits,
    silent,
    now,
  );
  await pruner.prune();
  await pruner.prune();
  expect(calls).toBe(2);
});
