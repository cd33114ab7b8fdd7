/** Maximum number of new entries in one batch: each has to be copied to the receiver, and is put in order there. */
export const FRESH_MAX = 200;
/** Maximum number of entries in one batch. Of an entry that the receiver has, only a number is sent. */
export const BATCH_MAX = 5_000;

/**
 * Divides groups or machines into the batches that the event loop takes over at a time, in their order, so that each
 * batch takes it some milliseconds: at most 200 entries that are new to it, and at most 5,000 in all. `isKnown` tells
 * whether the receiver has an entry, and is asked once for each.
 */
export function* inBatches<T>(all: Iterable<T>, isKnown: (one: T) => boolean): Generator<T[], void, void> {
  let batch: T[] = [];
  let fresh = 0;
  for (const one of all) {
    batch.push(one);
    if (!isKnown(one)) fresh++;
    if (fresh < FRESH_MAX && batch.length < BATCH_MAX) continue;
    yield batch;
    batch = [];
    fresh = 0;
  }
  if (batch.length > 0) yield batch;
}
