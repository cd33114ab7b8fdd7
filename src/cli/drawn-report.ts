import { formatEntry, formatPath } from '../ignition/report.ts';
import type { Entry, EntryKind } from '../ignition/report.ts';

/** Number of lines shown before and after the line of an entry. */
const CONTEXT_LINES = 2;

const RESET = '\x1b[0m';
const BLUE = '\x1b[1;34m';
const KIND_COLORS: Readonly<Record<EntryKind, string>> = {
  error: '\x1b[1;31m',
  warning: '\x1b[1;33m',
  info: '\x1b[1;36m',
};

/**
 * Writes a report with the lines of the document that its entries are about, as butane does on a terminal. An entry
 * without a place in the document takes one line.
 */
export function drawReport(entries: readonly Entry[], name: string, text: string, colored: boolean): string {
  const lines = text.split('\n');
  return entries.map((entry) => drawEntry(entry, name, lines, colored)).join('\n');
}

function drawEntry(entry: Entry, name: string, lines: readonly string[], colored: boolean): string {
  const { line = 0, col = 0, kind, path, message } = entry;
  const subject = lines[line - 1];
  if (subject === undefined || col < 1 || col > Buffer.byteLength(subject)) return `${formatEntry(entry)}\n`;
  const paint = (written: string, color: string) => (colored ? `${color}${written}${RESET}` : written);

  const first = Math.max(1, line - CONTEXT_LINES);
  const last = Math.min(lines.length, line + CONTEXT_LINES);
  const width = String(last).length;
  const gutter = ` ${' '.repeat(width)} |`;
  const drawn = [
    `${paint(kind, KIND_COLORS[kind])}${path.length > 0 ? `[${formatPath(path)}]` : ''}:`,
    `  ${paint('-->', BLUE)} ${name}:${line}:${col}`,
    gutter,
  ];
  for (let number = first; number <= last; number++) {
    drawn.push(` ${paint(String(number).padStart(width), BLUE)} | ${lines[number - 1] ?? ''}`);
    if (number !== line) continue;
    const [word = ''] = /^\S*/.exec(subject.slice(col - 1)) ?? [];
    drawn.push(
      `${gutter} ${' '.repeat(col - 1)}${paint('^'.repeat(Buffer.byteLength(word)), BLUE)} ${message}`,
    );
  }
  drawn.push(gutter, '');
  return drawn.join('\n');
}
