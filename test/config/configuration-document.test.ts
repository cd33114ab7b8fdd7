import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { configurationDocument } from '../../scripts/configuration-document.ts';

test('docs/configuration.md matches the schema; `npm run docs` writes it', () => {
  const written = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
  expect(written).toBe(configurationDocument());
});

test('every setting is explained', () => {
  const rows = configurationDocument()
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  expect(rows.length).toBeGreaterThan(40);
  expect(rows.filter((line) => line.split(/(?<!\\)\|/)[4]?.trim() === '')).toEqual([]);
});
