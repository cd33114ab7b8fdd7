import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { dhcpOptionsDocument } from '../../../scripts/dhcp-options-document.ts';

test('docs/dhcp-options.md says what the registry says; `npm run docs` writes it', () => {
  const written = readFileSync(new URL('../../../docs/dhcp-options.md', import.meta.url), 'utf8');
  expect(written).toBe(dhcpOptionsDocument());
});
