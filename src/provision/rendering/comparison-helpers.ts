import { HelperError, kindOf } from './helper-error.ts';
import { ReportedText } from './reported-text.ts';
import type { ValueHelper } from './value-helper.ts';

/** Helpers that return true or false, mostly for `{{#if (eq a "b")}}`. */
export const COMPARISON_HELPERS: Readonly<Record<string, ValueHelper>> = {
  eq: { arity: [2, 2], run: ([a, b]) => isEqual(a, b, 'eq') },
  ne: { arity: [2, 2], run: ([a, b]) => !isEqual(a, b, 'ne') },
  lt: { arity: [2, 2], run: ([a, b]) => compare(a, b, 'lt') < 0 },
  le: { arity: [2, 2], run: ([a, b]) => compare(a, b, 'le') <= 0 },
  gt: { arity: [2, 2], run: ([a, b]) => compare(a, b, 'gt') > 0 },
  ge: { arity: [2, 2], run: ([a, b]) => compare(a, b, 'ge') >= 0 },
  and: { arity: [2, 16], lenient: true, run: (args) => (args.every(isTrue) ? args.at(-1) : false) },
  or: { arity: [2, 16], lenient: true, run: (args) => args.find(isTrue) ?? args.at(-1) ?? false },
  not: { arity: [1, 1], lenient: true, run: ([value]) => !isTrue(value) },
  contains: { arity: [2, 2], run: ([whole, part]) => contains(whole, part) },
};

/**
 * What `if` counts as true, as in Handlebars: everything except missing values, false, zero, empty text and empty list.
 */
export function isTrue(value: unknown): boolean {
  if (value instanceof ReportedText) return value.text !== '';
  return Array.isArray(value) ? value.length > 0 : Boolean(value);
}

/** Labels are texts, and metadata may have numbers: `1` and `"1"` are equal. */
function isEqual(a: unknown, b: unknown, helper: string): boolean {
  return scalar(a, helper, 0) === scalar(b, helper, 1);
}

function scalar(value: unknown, helper: string, index: number): string {
  const plain = value instanceof ReportedText ? value.text : value;
  if (typeof plain === 'string' || typeof plain === 'number' || typeof plain === 'boolean')
    return String(plain);
  throw new HelperError(`${helper} compares texts, numbers, true and false`, {
    argument: { index, is: kindOf(plain) },
  });
}

/** Numbers, also those written as text, by their size; anything else by the order of its characters. */
function compare(a: unknown, b: unknown, helper: string): number {
  const texts = [scalar(a, helper, 0), scalar(b, helper, 1)] as const;
  const numbers = texts.map((text) => (/^-?\d+(\.\d+)?$/.test(text) ? Number(text) : NaN));
  const [first = NaN, second = NaN] = numbers;
  if (!Number.isNaN(first) && !Number.isNaN(second)) return first - second;
  return texts[0] < texts[1] ? -1 : texts[0] > texts[1] ? 1 : 0;
}

/** Whether a list has an item, a mapping a key, or a text a part. */
function contains(whole: unknown, part: unknown): boolean {
  const wanted = scalar(part, 'contains', 1);
  if (typeof whole === 'string') return whole.includes(wanted);
  if (Array.isArray(whole)) {
    return whole.some(
      (item) => (typeof item !== 'object' || item instanceof ReportedText) && String(item) === wanted,
    );
  }
  if (typeof whole === 'object' && whole !== null) return Object.hasOwn(whole, wanted);
  throw new HelperError('contains takes a list, a mapping or a text first', {
    argument: { index: 0, is: kindOf(whole) },
  });
}
