import { expect, test } from 'vitest';
import { RecentMap } from '../../src/limits/recent-map.ts';

test('an entry stays for its time after it was last read, and not for ever', () => {
  const map = new RecentMap<string>(1000, 10);
  map.set('a', 'A', 0);
  expect(map.get('a', 900)).toBe('A');
  // Reading it renews it.
  expect(map.get('a', 1800)).toBe('A');
  expect(map.get('a', 2700)).toBe('A');
  expect(map.get('b', 2700)).toBeUndefined();
  expect(map.get('a', 4800)).toBeUndefined();
});

test('after a long time without use all entries are dropped at once', () => {
  const map = new RecentMap<string>(1000, 10);
  map.set('a', 'A', 0);
  expect(map.get('b', 2000)).toBeUndefined();
  expect(map.get('a', 2000)).toBeUndefined();
});

test('it holds at most two generations, and always contains the newest entry', () => {
  const map = new RecentMap<number>(1000, 10);
  const keys = Array.from({ length: 1000 }, (_, index) => String(index));
  for (const [index, key] of keys.entries()) {
    map.set(key, index, 0);
    expect(map.get(key, 0)).toBe(index);
  }
  expect(keys.slice(0, 980).filter((key) => map.get(key, 0) !== undefined)).toEqual([]);
  expect(map.get('999', 0)).toBe(999);
});
