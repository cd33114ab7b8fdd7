import type { ServerResponse } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { type Download, Downloads } from '../../../src/server/boot-http/downloads.ts';

const ends: (() => void)[] = [];

afterEach(() => {
  for (const end of ends.splice(0)) end();
});

function start(settings: { perSource?: number; bytesInFlight?: number; rateMin?: number } = {}) {
  const clock = { ms: 0 };
  const downloads = new Downloads(
    { perSource: 1000, bytesInFlight: 1 << 20, rateMin: 1000, ...settings },
    () => clock.ms,
  );
  const cut: string[] = [];
  const begin = (source: string): Download | undefined => {
    const response = { destroy: () => cut.push(source) } as unknown as ServerResponse;
    const download = downloads.begin(source, response);
    if (download !== undefined) ends.push(() => downloads.end(download));
    return download;
  };
  return { begin, clock, cut, downloads };
}

test('one address has a maximum number of downloads', () => {
  const { begin, downloads } = start({ perSource: 2 });
  const first = begin('10.0.0.1')!;
  expect(begin('10.0.0.1')).toBeDefined();
  expect(begin('10.0.0.1')).toBeUndefined();
  expect(begin('10.0.0.2')).toBeDefined();
  downloads.end(first);
  downloads.end(first);
  expect(begin('10.0.0.1')).toBeDefined();
  expect(begin('10.0.0.1')).toBeUndefined();
});

test('parts are large while memory is left, and small for all when it is used up', () => {
  const { begin, downloads } = start({ bytesInFlight: 64 << 20 });
  const sizes = Array.from({ length: 5_000 }, (_, at) =>
    downloads.take(begin(`10.0.${at >> 8}.${at & 255}`)!),
  );
  expect(sizes[0]).toBe(256 * 1024);
  expect(sizes.at(-1)).toBe(16 * 1024);
  // The memory for 5,000 clients that do not read: the budget, and the smallest part for each.
  expect(downloads.inFlight).toBeLessThan((64 << 20) + 5_000 * 16 * 1024);
});

test('memory is released when a part is sent and when the download ends', () => {
  const { begin, downloads } = start();
  const [first, second] = [begin('a')!, begin('b')!];
  const size = downloads.take(first);
  downloads.take(second);
  downloads.sent(first, size);
  downloads.end(second);
  expect(downloads.inFlight).toBe(0);
});

test('a client below the minimum rate over two minutes is disconnected, and each further two minutes are checked', () => {
  const { begin, clock, cut, downloads } = start({ rateMin: 1000 });
  const [quick, slow, late] = [begin('quick')!, begin('slow')!, begin('late')!];
  clock.ms = 119_000;
  for (const download of [quick, late]) downloads.sent(download, 130_000);
  downloads.sent(slow, 110_000);
  downloads.sweep();
  expect(cut).toEqual([]);
  clock.ms = 120_000;
  downloads.sweep();
  expect(cut).toEqual(['slow']);
  clock.ms = 240_000;
  downloads.sent(quick, 130_000);
  downloads.end(slow);
  downloads.sweep();
  expect(cut).toEqual(['slow', 'late']);
});
