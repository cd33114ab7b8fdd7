import { printableText } from '../../history/printable-text.ts';
import { removeTokens } from './remove-tokens.ts';

/** Lines of a log that are kept: the last ones, since they say how it ended. */
export const LOG_LINES_MAX = 200;
/** Characters of one line of a log; what is longer is cut. */
export const LOG_LINE_LENGTH_MAX = 1000;
/** Characters of the message of a report. */
export const MESSAGE_LENGTH_MAX = 500;

/**
 * One line of what a machine reported: control characters written as `\u001b`, the values of tokens removed, and cut to
 * `lengthMax` characters.
 */
export function reportedLine(text: string, lengthMax: number): string {
  const line = removeTokens(printableText(text.trimEnd().replaceAll('\t', ' ')));
  return line.length <= lengthMax ? line : `${line.slice(0, lengthMax - 1)}…`;
}

/** The last lines of a log. `leftOut` is the number of earlier lines, which are not kept. */
export function logTail(lines: readonly string[]): { readonly log: string[]; readonly leftOut: number } {
  const end = lines.findLastIndex((line) => line.trim() !== '') + 1;
  const start = Math.max(0, end - LOG_LINES_MAX);
  const log = lines.slice(start, end).map((line) => reportedLine(shownPart(line), LOG_LINE_LENGTH_MAX));
  return { log, leftOut: start };
}

/** The lines of a text, whichever line break it has. */
export function linesOf(text: string): string[] {
  return text.split(/\r?\n/);
}

/** What a terminal shows of a line: a progress meter writes over its earlier values after each carriage return. */
function shownPart(line: string): string {
  return line.trimEnd().split('\r').at(-1) ?? '';
}
