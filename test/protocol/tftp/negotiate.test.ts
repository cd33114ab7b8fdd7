import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { negotiate } from '../../../src/protocol/tftp/negotiate.ts';

const LIMITS = { blksizeMax: 1468, windowsizeMax: 64 };
const SIZE = 74_213;

const settle = (options: readonly (readonly [string, string])[], size = SIZE) =>
  negotiate(new Map(options), size, LIMITS);
const grant = (name: string, value: string, size?: number): string | undefined =>
  settle([[name, value]], size).oack.find(([granted]) => granted === name)?.[1];

describe('one option', () => {
  test.each([
    ['blksize', '7', undefined],
    ['blksize', '8', '8'],
    ['blksize', '08', '8'],
    ['blksize', '512', '512'],
    ['blksize', '1468', '1468'],
    ['blksize', '1469', '1468'],
    ['blksize', '65464', '1468'],
    ['blksize', '65465', '1468'],
    ['blksize', '1000000000', '1468'],
    ['blksize', '0', undefined],
    ['blksize', '-1', undefined],
    ['blksize', '1e9', undefined],
    ['blksize', '+512', undefined],
    ['blksize', ' 512', undefined],
    ['blksize', '0x200', undefined],
    ['blksize', '512.0', undefined],
    ['blksize', 'abc', undefined],
    ['blksize', '', undefined],
    ['blksize', '51200000000', undefined],
    ['blksize', '512\n', undefined],
    ['windowsize', '0', undefined],
    ['windowsize', '1', '1'],
    ['windowsize', '64', '64'],
    ['windowsize', '65', '64'],
    ['windowsize', '65535', '64'],
    ['windowsize', '70000', '64'],
    ['windowsize', '-4', undefined],
    ['timeout', '0', undefined],
    ['timeout', '1', '1'],
    ['timeout', '255', '255'],
    ['timeout', '256', undefined],
    ['timeout', 'x', undefined],
    // edk2 compares the text that it sent with the text that it receives.
    ['timeout', '005', '005'],
    ['tsize', '0', '74213'],
    ['tsize', '999', '74213'],
    ['tsize', '-1', undefined],
    ['tsize', '1e30', undefined],
    ['multicast', '', undefined],
    ['utimeout', '100000', undefined],
    ['__proto__', '1', undefined],
  ])('%s %j is granted as %j', (name, value, granted) => {
    expect(grant(name, value)).toBe(granted);
  });

  test.each([0, 2 ** 31, 2 ** 32, 5_000_000_000])('tsize holds %d', (size) => {
    expect(grant('tsize', '0', size)).toBe(String(size));
  });
});

describe('a request', () => {
  test('without options follows RFC 1350, and gets no OACK', () => {
    expect(settle([])).toEqual({ blksize: 512, windowsize: 1, oack: [] });
  });

  test('with only unknown options gets no OACK', () => {
    expect(settle([['multicast', ''], ['x', '1'], ['blksize', 'big']])).toEqual({ blksize: 512, windowsize: 1, oack: [] });
  }); // prettier-ignore

  test('gets its options in the order of the request, and the transfer uses the values of the OACK', () => {
    expect(settle([['windowsize', '128'], ['timeout', '3'], ['tsize', '0'], ['blksize', '1024']])).toEqual({
      blksize: 1024,
      windowsize: 64,
      timeoutSeconds: 3,
      oack: [['windowsize', '64'], ['timeout', '3'], ['tsize', '74213'], ['blksize', '1024']],
    });
  }); // prettier-ignore

  test('never gets an option that it did not request, a larger value, or another value than the transfer uses', () => {
    const name: fc.Arbitrary<string> = fc.constantFrom(
      'blksize',
      'windowsize',
      'timeout',
      'tsize',
      'multicast',
      'saf',
    );
    const value = fc.oneof(
      fc.nat().map(String),
      fc.nat({ max: 300 }).map(String),
      fc.string({ maxLength: 4 }),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value), { maxLength: 6 }), fc.nat(), (pairs, size) => {
        const asked = new Map(pairs);
        const { blksize, oack, timeoutSeconds, windowsize } = negotiate(asked, size, LIMITS);
        const granted = new Map(oack);
        expect(granted.size).toBe(oack.length);
        for (const [one, text] of oack) {
          expect(asked.has(one)).toBe(true);
          if (one !== 'tsize') expect(Number(text)).toBeLessThanOrEqual(Number(asked.get(one)));
        }
        expect(blksize).toBe(Number(granted.get('blksize') ?? 512));
        expect(windowsize).toBe(Number(granted.get('windowsize') ?? 1));
        expect(timeoutSeconds).toBe(granted.has('timeout') ? Number(granted.get('timeout')) : undefined);
        expect(granted.get('tsize') ?? String(size)).toBe(String(size));
      }),
      { numRuns: 2000 },
    );
  });
});
