import { expect, test } from 'vitest';
import { textTable } from '../../src/cli/text-table.ts';

const ROWS = [
  ['node1', 'installed', 'rack 7, third from the top'],
  ['a-machine-with-a-long-name', 'ready', ''],
];

test('columns are as wide as their widest cell', () => {
  expect(textTable(['ID', 'STATE', 'PLACE'], ROWS, undefined)).toBe(
    [
      'ID                          STATE      PLACE',
      'node1                       installed  rack 7, third from the top',
      'a-machine-with-a-long-name  ready',
      '',
    ].join('\n'),
  );
});

test('on a terminal the widest columns are cut, and no line is wider than it', () => {
  const text = textTable(['ID', 'STATE', 'PLACE'], ROWS, 40);
  expect(text).toBe(
    [
      'ID             STATE      PLACE',
      'node1          installed  rack 7, third…',
      'a-machine-wi…  ready',
      '',
    ].join('\n'),
  );
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(40);
});

test('a terminal that is too narrow gets short columns, and no endless loop', () => {
  expect(
    textTable(
      ['ID', 'PLACE'],
      ROWS.map(([id = '', , place = '']) => [id, place]),
      3,
    ),
  ).toContain('a-machi…');
});

test('control characters do not reach the terminal', () => {
  expect(textTable(['ID'], [['a\u001b[31mb']], 80)).not.toContain('\u001b');
});
