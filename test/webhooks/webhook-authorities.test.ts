import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { rootCertificates } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readAuthorities } from '../../src/webhooks/webhook-authorities.ts';

let folder: string;
let file: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'railhead-authorities-'));
  file = path.join(folder, 'ca.pem');
});
afterAll(() => rmSync(folder, { recursive: true }));

const [one = '', two = ''] = rootCertificates;

test('all certificates of a file are taken, without what is written between them', () => {
  writeFileSync(file, `# the first\n${one}\n\n# the second\n${two}\n`);
  expect(readAuthorities(file)).toBe(`${one.trim()}\n${two.trim()}`);
});

test.each([
  ['without a certificate', 'hello\n', 'has no certificate in PEM form (-----BEGIN CERTIFICATE-----)'],
  ['that is empty', '', 'has no certificate in PEM form (-----BEGIN CERTIFICATE-----)'],
  [
    'whose second certificate is damaged',
    `${one}\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`,
    ': certificate 2 is damaged: ',
  ],
])('a file %s is refused, and named', (_, text, message) => {
  writeFileSync(file, text);
  expect(() => readAuthorities(file)).toThrow(`webhooks: ca_file ${file}`);
  expect(() => readAuthorities(file)).toThrow(message);
});
