import { writeFileSync } from 'node:fs';
import { configurationDocument } from './configuration-document.ts';

// Writes docs/configuration.md from the schema of the settings. A unit test fails when the two differ.
writeFileSync(new URL('../docs/configuration.md', import.meta.url), configurationDocument());
