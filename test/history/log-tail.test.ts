import { beforeEach, describe, expect, test } from 'vitest';
import { EntriesDeleted, LogTail } from '../../src/history/log-tail.ts';

interface Entry {
  readonly id: number;
}

let stored: Entry[];
let reads: number;
let failing: boolean;
let tail: LogTail<Entry>;

beforeEach(() => {
  stored = [];
  reads = 0;
  failing = false;
  tail = new LogTail<Entry>(
    {
      readAfter: (id, limit) => {
        reads++;
        if (failing) return Promise.reject(new Error('the store is away'));
        return Promise.resolve(stored.filter((one) => one.id > id).slice(0, limit));
      },
      findRange: () => {
        const [first, last] = [stored[0], stored.at(-1)];
        return Promise.resolve(first && last && { first: first.id, last: last.id });
      },
    },
    { recentMax: 10, pageMax: 4 },
  );
});

const append = (count: number): void => {
  const from = (stored.at(-1)?.id ?? 0) + 1;
  for (let id = from; id < from + count; id++) stored.push({ id });
  tail.noteWritten();
};

/** Reads until `count` entries have come. */
async function take(
  after: number | undefined,
  count: number,
  onPage = (): void => undefined,
): Promise<number[]> {
  const ending = new AbortController();
  const ids: number[] = [];
  for await (const page of tail.follow(after, ending.signal)) {
    ids.push(...page.map(({ id }) => id));
    if (ids.length >= count) ending.abort();
    else onPage();
  }
  return ids;
}

const upTo = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

describe('a reader', () => {
  test('gets what follows its place, first from the store and then as it is written', async () => {
    append(6);
    const ids = await take(2, 8, () => {
      if (stored.length < 10) append(2);
    });
    expect(ids).toEqual(upTo(3, 10));
  });

  test('without a place gets what is written from now on', async () => {
    append(3);
    await tail.refresh();
    const reading = take(undefined, 2);
    await new Promise(setImmediate);
    append(2);
    expect(await reading).toEqual([4, 5]);
  });

  test('that is slow reads from the store by itself, and misses nothing', async () => {
    const fast = new AbortController();
    const watching = (async () => {
      for await (const _page of tail.follow(0, fast.signal)) void _page;
    })();
    append(40);
    await tail.refresh();
    expect(await take(0, 40)).toEqual(upTo(1, 40));
    fast.abort();
    await watching;
  });

  test('of what was deleted is told so, and can go on from there', async () => {
    append(20);
    stored.splice(0, 15);
    const found = await take(3, 1).catch((error: unknown) => error);
    expect(found).toBeInstanceOf(EntriesDeleted);
    expect((found as EntriesDeleted).deletedTo).toBe(15);
    expect(await take(15, 5)).toEqual(upTo(16, 20));
  });

  test('with a place that the log never had is told so', async () => {
    append(5);
    const found = await take(9_999, 1).catch((error: unknown) => error);
    expect((found as EntriesDeleted).deletedTo).toBe(5);
  });

  test('waits while the store is away, and gets everything when it works again', async () => {
    const reading = take(0, 3);
    await new Promise(setImmediate);
    failing = true;
    append(3);
    await tail.refresh();
    failing = false;
    await tail.refresh();
    expect(await reading).toEqual([1, 2, 3]);
  });

  test('ends when the log is closed', async () => {
    const reading = take(0, 1);
    await new Promise(setImmediate);
    tail.close();
    expect(await reading).toEqual([]);
  });
});

test('two hundred readers cost as many reads as one', async () => {
  const readers = Array.from({ length: 200 }, () => take(0, 20));
  await new Promise(setImmediate);
  const before = reads;
  for (let batch = 0; batch < 5; batch++) {
    append(4);
    await tail.refresh();
    await new Promise(setImmediate);
  }
  expect(await Promise.all(readers)).toEqual(readers.map(() => upTo(1, 20)));
  expect(reads - before).toBeLessThanOrEqual(15);
  expect(tail.hasReaders).toBe(false);
});

test('without readers nothing is read but the end', async () => {
  append(1000);
  await tail.refresh();
  expect([tail.last, reads]).toEqual([1000, 0]);
});
