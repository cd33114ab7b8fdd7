import { expect, test } from 'vitest';
import { KeyCounts } from '../../src/limits/key-counts.ts';

test('each key has its own limit, and a released place can be taken again', () => {
  const counts = new KeyCounts<string>();
  expect([counts.take('a', 2), counts.take('a', 2), counts.take('a', 2)]).toEqual([true, true, false]);
  expect(counts.take('b', 2)).toBe(true);
  expect(counts.total).toBe(3);
  counts.release('a');
  expect(counts.total).toBe(2);
  expect([counts.take('a', 2), counts.take('a', 2)]).toEqual([true, false]);
});

test('a key whose last place was released starts again', () => {
  const counts = new KeyCounts<string>();
  counts.take('a', 1);
  counts.release('a');
  expect([counts.total, counts.take('a', 1)]).toEqual([0, true]);
});
