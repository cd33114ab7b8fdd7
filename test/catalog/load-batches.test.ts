import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BATCH_MAX, FRESH_MAX, inBatches } from '../../src/catalog/load-batches.ts';

/** Entries that are numbered, of which those below `known` are known. */
function sizesOf(count: number, known: number): number[] {
  const entries = Array.from({ length: count }, (_, index) => index);
  return [...inBatches(entries, (index) => index < known)].map((batch) => batch.length);
}

test.each([
  ['nothing', 0, 0, []],
  ['a few new ones in one batch', 3, 0, [3]],
  ['exactly the maximum of new ones, without an empty batch after it', 200, 0, [200]],
  ['more new ones than the event loop takes over at a time', 450, 0, [200, 200, 50]],
  ['as many known ones as fit', 5_000, 5_000, [5_000]],
  ['more known ones than fit', 10_001, 10_001, [5_000, 5_000, 1]],
  ['new ones after many known ones', 5_100, 4_950, [5_000, 100]],
  ['known ones and then a full batch of new ones', 4_300, 4_000, [4_200, 100]],
])('%s', (_what, count, known, sizes) => {
  expect(sizesOf(count, known)).toEqual(sizes);
});

test('whatever is known, all entries are sent in order, and no batch exceeds a maximum or is sent too early', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 1_500 })), { maxLength: 12 }),
      (runs) => {
        const entries = runs.flatMap(([known, length]) => Array.from({ length }, () => ({ known })));
        const batches = [...inBatches(entries, ({ known }) => known)];
        expect(batches.flat()).toEqual(entries);
        const fresh = batches.map((batch) => batch.filter(({ known }) => !known).length);
        for (const [index, batch] of batches.entries()) {
          expect(batch.length).toBeLessThanOrEqual(BATCH_MAX);
          expect(fresh[index]).toBeLessThanOrEqual(FRESH_MAX);
          const isFull = batch.length === BATCH_MAX || fresh[index] === FRESH_MAX;
          expect(isFull || index === batches.length - 1).toBe(true);
        }
      },
    ),
    { numRuns: 50 },
  );
});
