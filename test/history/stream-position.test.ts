import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatPosition, parsePosition } from '../../src/history/stream-position.ts';

test('a position is read back as it was written', () => {
  const number = fc.nat({ max: 999_999_999_999 });
  fc.assert(
    fc.property(number, number, number, (bootEvent, transition, audit) => {
      const position = { bootEvent, transition, audit };
      expect(parsePosition(formatPosition(position))).toEqual(position);
    }),
  );
});

test.each(['', '7', 'e1.t2', 'e1.t2.a', 'e-1.t2.a3', 'e1.t2.a3.', ' e1.t2.a3', `e${'9'.repeat(16)}.t1.a1`])(
  '%j is no position',
  (text) => {
    expect(parsePosition(text)).toBeUndefined();
  },
);
