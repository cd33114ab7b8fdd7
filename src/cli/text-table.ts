import { printableText } from '../provision/history/printable-text.ts';

/** What stands between two columns. */
const GAP = '  ';
/** A column is not cut below this. */
const WIDTH_MIN = 8;

/**
 * A table for people, one line for each row. On a terminal no line is wider than it: the widest columns are cut, with an
 * ellipsis. Elsewhere, as in a pipe or a file, everything is printed.
 */
export function textTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  terminalWidth: number | undefined = process.stdout.isTTY ? process.stdout.columns : undefined,
): string {
  const all = [head, ...rows].map((row) => row.map(printableText));
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  if (terminalWidth !== undefined) fit(widths, terminalWidth);
  return all
    .map(
      (row) =>
        `${row
          .map((cell, column) => pad(cell, widths[column] ?? 0))
          .join(GAP)
          .trimEnd()}\n`,
    )
    .join('');
}

/** Makes the widest columns narrower until the sum fits. */
function fit(widths: number[], terminalWidth: number): void {
  const room = terminalWidth - GAP.length * (widths.length - 1);
  for (;;) {
    const widest = Math.max(...widths);
    if (widths.reduce((sum, width) => sum + width, 0) <= room || widest <= WIDTH_MIN) return;
    widths[widths.indexOf(widest)] = widest - 1;
  }
}

function pad(cell: string, width: number): string {
  return cell.length > width ? `${cell.slice(0, width - 1)}…` : cell.padEnd(width);
}
