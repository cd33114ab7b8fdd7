import { messages } from '../messages.ts';

/**
 * Says why a value must not be written into a line of a generated file, or returns undefined. A line feed would begin
 * a line of the value's choosing, and a backslash at the end would swallow the line that follows.
 */
export function findLineBreaker(value: string): string | undefined {
  return /[\0-\x1f\x7f\x85\u2028\u2029]|\\$/.test(value) ? messages.breaksLine : undefined;
}
