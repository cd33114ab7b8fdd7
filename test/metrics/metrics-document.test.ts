import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { COUNTS, exportedCountName, GAUGES, HISTOGRAMS } from '../../src/metrics/definitions.ts';

const root = path.resolve(import.meta.dirname, '../..');
const source = (file: string): string => readFileSync(path.join(root, 'src', file), 'utf8');
const document = readFileSync(path.join(root, 'docs/metrics.md'), 'utf8');

/** The members of a union of string literals. */
function wordsOf(file: string, type: string): string[] {
  const body = new RegExp(`type ${type} =([\\s\\S]*?);\\n`).exec(source(file))?.[1] ?? '';
  return [...body.matchAll(/^ *\| '([\w-]+)'/gm)].map(([, word = '']) => word);
}

/** The names of all counters that the program has. */
function countersOf(folder: string): string[] {
  const files = readdirSync(path.join(root, 'src', folder), { recursive: true, encoding: 'utf8' });
  const names = files
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => [...source(path.join(folder, file)).matchAll(/counters\.add\(\s*'(\w+)'/g)])
    .map(([, name = '']) => name);
  return [...new Set(names)].sort();
}

test('every family that is counted has a metric, and no other', () => {
  expect(Object.keys(COUNTS).sort()).toEqual(countersOf('.'));
});

test('docs/metrics.md has every metric, and no other', () => {
  const exported = [
    ...Object.keys(COUNTS).map(exportedCountName),
    ...Object.keys(GAUGES),
    ...Object.keys(HISTOGRAMS),
  ];
  const rows = document.split('\n').filter((line) => line.startsWith('| `railhead_'));
  const told = rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`(railhead_\w+)`/g)]);
  expect(told.map(([, name]) => name).sort()).toEqual(exported.sort());
});

test.each([
  ['provision/dhcp/ignore-reason.ts', 'IgnoreReason', 20],
  ['provision/dhcp/replies/dhcp-decision.ts', 'AcceptedNotice', 3],
  ['server/tftp/tftp-report.ts', 'RejectReason', 10],
  ['provision/history/event-budget.ts', 'EventRefusal', 5],
])('docs/metrics.md has the words of %s, %s', (file, type, atLeast) => {
  const words = wordsOf(file, type);
  expect(words.length).toBeGreaterThanOrEqual(atLeast);
  expect(words.filter((word) => !document.includes(`\`${word}\``))).toEqual([]);
});

test('docs/tftp.md has every outcome of a transfer', () => {
  const words = wordsOf('protocol/tftp/transfer.ts', 'TransferOutcome');
  const tftp = readFileSync(path.join(root, 'docs/tftp.md'), 'utf8');
  expect(words.length).toBeGreaterThanOrEqual(9);
  expect(words.filter((word) => !tftp.includes(`\`${word}\``))).toEqual([]);
});
