import pino from 'pino';
import { expect, test } from 'vitest';
import { HistoryPruner } from '../../src/history/history-pruner.ts';
import type { LogRetention, Retention } from '../../src/store/retention.ts';
import type { Transition } from '../../src/store/transition-store.ts';

const silent = pino({ level: 'silent' });
const now = (): Date => new Date('2026-11-23T09:00:00Z');
const limits = {
  eventDays: 30,
  eventsMax: 1000,
  auditDays: 40,
  auditMax: 300,
  sessionDays: 20,
  sessionsMax: 200,
  discoveredMax: 50,
  reportDays: 5,
  reportsMax: 60,
  lifeDays: 15,
  transitionDays: 10,
  transitionsMax: 70,
};

const transitionsOf = (count: number): Transition[] =>
  Array.from({ length: count }, (_, index) => ({
    number: index + 1,
    at: now(),
    machineId: 'a',
    kind: 'machine.gone' as const,
    source: 'discovered',
    detail: {},
  }));

test('deletes a few at a time until there is nothing left to delete', async () => {
  const events: LogRetention[] = [];
  const sessions: LogRetention[] = [];
  const audit: LogRetention[] = [];
  const machines: Retention[] = [];
  const transitions: LogRetention[] = [];
  const left = {
    events: [500, 500, 20],
    sessions: [500, 3],
    audit: [7],
    machines: [100, 0],
    transitions: [500, 500, 500, 1],
  };
  const pruneEvents = (retention: LogRetention) => {
    events.push(retention);
    return Promise.resolve(left.events.shift() ?? 0);
  };
  const pruneSessions = (retention: LogRetention) => {
    sessions.push(retention);
    return Promise.resolve(left.sessions.shift() ?? 0);
  };
  const pruneAudit = (retention: LogRetention) => {
    audit.push(retention);
    return Promise.resolve(left.audit.shift() ?? 0);
  };
  const pruneDiscovered = (retention: Retention) => {
    machines.push(retention);
    return Promise.resolve(transitionsOf(left.machines.shift() ?? 0));
  };
  const pruneTransitions = (retention: LogRetention) => {
    transitions.push(retention);
    return Promise.resolve(left.transitions.shift() ?? 0);
  };
  const others: [string, object][] = [];
  const prune = (name: string) => (retention: object) => {
    others.push([name, retention]);
    return Promise.resolve(0);
  };
  const store = {
    reports: {
      pruneReports: prune('reports'),
      pruneFactChanges: prune('changes'),
      pruneInventories: prune('inventories'),
    },
    forgetLives: prune('lives'),
    events: { pruneEvents },
    sessions: { pruneSessions },
    audit: { pruneAudit },
    discovered: { pruneDiscovered },
    transitions: { pruneTransitions },
  };
  await new HistoryPruner(store, limits, silent, now).prune();
  expect(events).toEqual(
    Array(3).fill({ before: new Date('2026-10-24T09:00:00Z'), newest: 1000, atOnce: 500 }),
  );
  expect(sessions).toEqual(
    Array(2).fill({ before: new Date('2026-11-03T09:00:00Z'), newest: 200, atOnce: 500 }),
  );
  expect(audit).toEqual([{ before: new Date('2026-10-14T09:00:00Z'), newest: 300, atOnce: 500 }]);
  const reports = { before: new Date('2026-11-18T09:00:00Z'), newest: 60, atOnce: 50 };
  expect(others).toEqual([
    ['reports', reports],
    ['changes', reports],
    ['inventories', reports],
    ['lives', { before: new Date('2026-11-08T09:00:00Z'), atOnce: 500 }],
  ]);
  expect(machines).toEqual(Array(2).fill({ newest: 50, atOnce: 100, at: now() }));
  expect(transitions).toEqual(
    Array(4).fill({ before: new Date('2026-11-13T09:00:00Z'), newest: 70, atOnce: 500 }),
  );
});

test('ends with the running deletion', async () => {
  let calls = 0;
  const prune = () => {
    calls++;
    return Promise.resolve(500);
  };
  const pruner = new HistoryPruner(
    {
      events: { pruneEvents: prune },
      sessions: { pruneSessions: prune },
      audit: { pruneAudit: prune },
      reports: { pruneReports: prune, pruneFactChanges: prune, pruneInventories: prune },
      forgetLives: prune,
      discovered: { pruneDiscovered: async () => transitionsOf(await prune()) },
      transitions: { pruneTransitions: prune },
    },
    limits,
    silent,
    now,
  );
  const pruning = pruner.prune();
  await pruner.stop();
  await pruning;
  expect(calls).toBe(1);
});

test('a failing store is tried again the next time', async () => {
  let calls = 0;
  const refuse = () => Promise.reject(new Error(`broken ${++calls}`));
  const pruner = new HistoryPruner(
    {
      events: { pruneEvents: refuse },
      sessions: { pruneSessions: refuse },
      audit: { pruneAudit: refuse },
      reports: { pruneReports: refuse, pruneFactChanges: refuse, pruneInventories: refuse },
      forgetLives: refuse,
      discovered: { pruneDiscovered: refuse },
      transitions: { pruneTransitions: refuse },
    },
    limits,
    silent,
    now,
  );
  await pruner.prune();
  await pruner.prune();
  expect(calls).toBe(2);
});
