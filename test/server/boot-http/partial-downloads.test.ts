import { expect, test } from 'vitest';
import { PartialDownloads } from '../../../src/server/boot-http/partial-downloads.ts';

test('the first part of a file is recorded, and then all parts together once a minute', () => {
  const downloads = new PartialDownloads();
  const noted: [seconds: number, note: unknown][] = [];
  for (let seconds = 0; seconds <= 130; seconds++) {
    const note = downloads.add('10.0.0.1', '/assets/live.iso', 2048, seconds * 1000);
    if (note !== undefined) noted.push([seconds, note]);
  }
  expect(noted).toMatchObject([
    [0, { requests: 1, bytes: 2048 }],
    [60, { requests: 60, bytes: 60 * 2048 }],
    [120, { requests: 60, bytes: 60 * 2048 }],
  ]);
});

test('each client and each file is counted separately', () => {
  const downloads = new PartialDownloads();
  const add = (client: string, path: string) => downloads.add(client, path, 1, 0) !== undefined;
  expect([add('a', '/x'), add('a', '/y'), add('b', '/x'), add('a', '/x')]).toEqual([true, true, true, false]);
});

test('beyond the maximum number old ones are forgotten, and count as new', () => {
  const downloads = new PartialDownloads();
  for (let client = 0; client <= 10_000; client++) downloads.add(`${client}`, '/x', 1, 0);
  expect(downloads.add('10000', '/x', 1, 0)).toBeUndefined();
  expect(downloads.add('0', '/x', 1, 0)).toBeDefined();
});
