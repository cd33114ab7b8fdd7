import { readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { openApiDocument } from '../src/api/openapi.ts';
import { ROUTES } from '../src/api/routes.ts';
import { apiDocument } from './api-document.ts';
import { configurationDocument } from './configuration-document.ts';
import { dhcpOptionsDocument } from './dhcp-options-document.ts';
import { grafanaDashboard } from './grafana-dashboard.ts';

// Writes the documents that are made of the program's own tables. Unit tests fail when they differ.
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
const documents = {
  'configuration.md': configurationDocument(),
  'dhcp-options.md': dhcpOptionsDocument(),
  'api.md': apiDocument(),
  '../deploy/grafana/railhead.json': grafanaDashboard(),
  'openapi.json': JSON.stringify(
    await openApiDocument(Object.values(ROUTES), version, () => Promise.resolve()),
  ),
};
for (const [name, text] of Object.entries(documents)) {
  const file = new URL(`../docs/${name}`, import.meta.url);
  const style = await resolveConfig(file.pathname);
  writeFileSync(file, name.endsWith('.json') ? await format(text, { ...style, parser: 'json' }) : text);
}
