import { expect, test } from 'vitest';
import { Distribution } from '../../src/metrics/distribution.ts';

test('a value counts for its bound and all higher ones, by its labels', () => {
  const distribution = new Distribution([1, 10]);
  for (const value of [0.5, 1, 1.5, 10, 11]) distribution.observe(value, ['a', 'x']);
  distribution.observe(100, ['a', 'y']);
  expect(distribution.list()).toEqual([
    { labels: ['a', 'x'], cumulative: [2, 4, 5], sum: 24 },
    { labels: ['a', 'y'], cumulative: [0, 0, 1], sum: 100 },
  ]);
});
