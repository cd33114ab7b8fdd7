import { MESSAGES } from '../messages.ts';

/**
 * Returns why a value must not be written into a line of a generated file, or undefined if it may. A line feed would
 * begin a new line, and a backslash at the end would join the next line.
 */
export function findLineBreaker(value: string): string | undefined {
  return /[\0-\x1f\x7f\x85\u2028\u2029]|\\$/.test(value) ? MESSAGES.breaksLine : undefined;
}
