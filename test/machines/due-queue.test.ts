import fc from 'fast-check';
import { expect, it } from 'vitest';
import { DueQueue } from '../../src/machines/due-queue.ts';

it('gives the keys that are due, the earliest first, and each once', () => {
  const queue = new DueQueue();
  queue.add('c', 30);
  queue.add('a', 10);
  queue.add('b', 20);
  expect(queue.earliest()).toBe(10);
  expect(queue.take(20, 10)).toEqual(['a', 'b']);
  expect(queue.take(20, 10)).toEqual([]);
  expect(queue.earliest()).toBe(30);
});

it('gives no more keys than asked for', () => {
  const queue = new DueQueue();
  for (const key of ['a', 'b', 'c']) queue.add(key, 1);
  expect(queue.take(1, 2)).toHaveLength(2);
  expect(queue.take(1, 2)).toHaveLength(1);
});

it('does as a map of the earliest time of each key does', () => {
  const step = fc.oneof(
    fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd', 'e'), dueMs: fc.nat(50) }),
    fc.record({ takeMs: fc.nat(50) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const queue = new DueQueue();
      const model = new Map<string, number>();
      for (const one of steps) {
        if ('key' in one) {
          queue.add(one.key, one.dueMs);
          model.set(one.key, Math.min(one.dueMs, model.get(one.key) ?? Infinity));
        } else {
          const due = [...model].filter(([, dueMs]) => dueMs <= one.takeMs);
          const taken = queue.take(one.takeMs, 100);
          const times = taken.map((key) => model.get(key)!);
          expect(times).toEqual(times.toSorted((a, b) => a - b));
          expect(taken.toSorted()).toEqual(due.map(([key]) => key).toSorted());
          for (const key of taken) model.delete(key);
        }
        expect(queue.earliest()).toBe(model.size === 0 ? undefined : Math.min(...model.values()));
      }
    }),
  );
});
