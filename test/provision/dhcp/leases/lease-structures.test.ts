import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AddressPool } from '../../../../src/provision/dhcp/leases/address-pool.ts';
import { AgeQueue } from '../../../../src/provision/dhcp/leases/age-queue.ts';
import { KeyedBuckets, TokenBucket } from '../../../../src/limits/token-bucket.ts';

describe('age queue', () => {
  test('returns the oldest first after any additions, repetitions and removals', () => {
    interface Item {
      older: Item | undefined;
      newer: Item | undefined;
      aging: boolean;
    }
    const arbitraryStep = fc.tuple(fc.boolean(), fc.nat(7));
    fc.assert(
      fc.property(fc.array(arbitraryStep, { maxLength: 100 }), (steps) => {
        const queue = new AgeQueue<Item>();
        const items: Item[] = Array.from({ length: 8 }, () => ({
          older: undefined,
          newer: undefined,
          aging: false,
        }));
        let model: Item[] = [];
        for (const [add, index] of steps) {
          const item = items[index]!;
          model = model.filter((one) => one !== item);
          if (add) {
            queue.add(item);
            model.push(item);
          } else {
            queue.remove(item);
          }
          expect(queue.oldest).toBe(model[0]);
          expect(queue.size).toBe(model.length);
        }
      }),
    );
  });
});

describe('address pool', () => {
  test('gives every address once, and returned ones in the order of their return', () => {
    const pool = new AddressPool([
      { first: 3, last: 5 },
      { first: 9, last: 9 },
    ]);
    const take = (): number | undefined => pool.take(() => true);
    expect([take(), take(), take(), take(), take()]).toEqual([3, 4, 5, 9, undefined]);
    for (const offset of [5, 3, 5]) pool.giveBack(offset);
    expect([take(), take(), take()]).toEqual([5, 3, undefined]);
  });

  test('does not queue addresses that the sweep has not reached yet, or that are not in the pool', () => {
    const pool = new AddressPool([{ first: 0, last: 2 }]);
    for (const offset of [2, 7]) pool.giveBack(offset);
    expect([0, 1, 2, 3].map(() => pool.take(() => true))).toEqual([0, 1, 2, undefined]);
  });

  test('skips addresses that are not free, until they are returned', () => {
    const pool = new AddressPool([{ first: 0, last: 3 }]);
    expect(pool.take((offset) => offset > 2)).toBe(3);
    expect(pool.take(() => true)).toBeUndefined();
    pool.giveBack(1);
    expect(pool.take(() => true)).toBe(1);
    pool.rewind();
    expect(pool.take(() => true)).toBe(0);
  });

  test('stays in order over many returns', () => {
    const pool = new AddressPool([{ first: 0, last: 4999 }]);
    for (let offset = 0; offset < 5000; offset++) pool.take(() => true);
    for (let round = 0; round < 3; round++) {
      for (let offset = 0; offset < 5000; offset++) pool.giveBack(offset);
      for (let offset = 0; offset < 5000; offset++) expect(pool.take(() => true)).toBe(offset);
    }
    expect(pool.take(() => true)).toBeUndefined();
  });
});

describe('token buckets', () => {
  test('allow a burst, then the rate, and nothing more when the clock steps back', () => {
    const bucket = new TokenBucket(10, 3, 1000);
    expect([0, 0, 0, 0].map(() => bucket.take(1000))).toEqual([true, true, true, false]);
    expect([1100, 1100, 900, 1199, 1200].map((now) => bucket.take(now))).toEqual([
      true,
      false,
      false,
      false,
      true,
    ]);
  });

  test('each key has its own budget', () => {
    const buckets = new KeyedBuckets(1, 1, 10);
    expect(['a', 'a', 'b'].map((key) => buckets.take(key, 0))).toEqual([true, false, true]);
  });

  test('a budget that is used up stays so when the generations are swapped', () => {
    const buckets = new KeyedBuckets(1 / 60, 1, 10);
    expect(buckets.take('a', 0)).toBe(true);
    expect(buckets.take('a', 59_000)).toBe(false);
    expect(buckets.take('b', 60_500)).toBe(true);
    expect(buckets.take('a', 61_000)).toBe(true);
    expect(buckets.take('a', 62_000)).toBe(false);
  });

  test('beyond the maximum number of keys, budgets are forgotten', () => {
    const buckets = new KeyedBuckets(1, 1, 100);
    for (let key = 0; key < 10_000; key++) expect(buckets.take(`${key}`, 0)).toBe(true);
    expect(buckets.take('9999', 0)).toBe(false);
    expect(buckets.take('0', 0)).toBe(true);
  });
});
