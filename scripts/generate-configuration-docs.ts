import { writeFileSync } from 'node:fs';
import { configurationDocument } from './configuration-document.ts';
import { dhcpOptionsDocument } from './dhcp-options-document.ts';

// Writes docs/configuration.md from the schema of the settings. A unit test fails when the two differ.
writeFileSync(new URL('../docs/configuration.md', import.meta.url), configurationDocument());
writeFileSync(new URL('../docs/dhcp-options.md', import.meta.url), dhcpOptionsDocument());
