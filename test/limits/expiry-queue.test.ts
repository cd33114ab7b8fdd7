import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ExpiryQueue } from '../../src/limits/expiry-queue.ts';

describe('expiry queue', () => {
  test('returns the earliest deadline first after any additions, moves and removals', () => {
    const arbitraryStep = fc.tuple(
      fc.constantFrom('update' as const, 'remove' as const),
      fc.nat(15),
      fc.nat(100),
    );
    fc.assert(
      fc.property(fc.array(arbitraryStep, { maxLength: 200 }), (steps) => {
        const queue = new ExpiryQueue<{ deadlineMs: number; queueIndex: number }>();
        const items = Array.from({ length: 16 }, () => ({ deadlineMs: 0, queueIndex: -1 }));
        const inside = new Set<(typeof items)[number]>();
        for (const [what, index, deadlineMs] of steps) {
          const item = items[index]!;
          if (what === 'remove') {
            queue.remove(item);
            inside.delete(item);
          } else {
            item.deadlineMs = deadlineMs;
            queue.update(item);
            inside.add(item);
          }
          expect(queue.size).toBe(inside.size);
          expect(queue.peek()?.deadlineMs).toBe(
            inside.size === 0 ? undefined : Math.min(...[...inside].map((one) => one.deadlineMs)),
          );
        }
      }),
    );
  });
});
