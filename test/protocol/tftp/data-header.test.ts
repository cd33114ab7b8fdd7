import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dataHeader, wireBlock } from '../../../src/protocol/tftp/data-header.ts';

test.each([
  // block, number in most clients, number in a few clients
  [0, 0, 0],
  [1, 1, 1],
  [65_535, 65_535, 65_535],
  [65_536, 0, 1],
  [65_537, 1, 2],
  [131_070, 65_534, 65_535],
  [131_071, 65_535, 1],
  [131_072, 0, 2],
  // Larger than 32 bits: some 2 TiB at 512 bytes per block.
  [2 ** 32, 0, 1],
  [2 ** 32 + 65_535, 65_535, 1],
])('block %d has number %d on the wire, or %d if 1 follows 65535', (block, toZero, toOne) => {
  expect(wireBlock(block, 0)).toBe(toZero);
  expect(wireBlock(block, 1)).toBe(toOne);
});

test('block numbers are consecutive except at the rollover', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 40 }), fc.constantFrom(0 as const, 1 as const), (block, rollover) => {
      const number = wireBlock(block, rollover);
      expect(wireBlock(block + 1, rollover)).toBe(number === 65_535 ? rollover : number + 1);
    }),
  ); // prettier-ignore
});

test.each([
  [0, '00030000'],
  [258, '00030102'],
  [65_535, '0003ffff'],
])('the header of number %d is %s', (number, hex) => {
  expect(dataHeader(number).toString(16).padStart(8, '0')).toBe(hex);
});
