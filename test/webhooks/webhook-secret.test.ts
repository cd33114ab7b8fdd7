import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readWebhookSecret } from '../../src/webhooks/webhook-secret.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'railhead-webhook-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function read(text: string): Uint8Array {
  const file = path.join(folder, 'secret');
  writeFileSync(file, text);
  return readWebhookSecret(file);
}

const BASE64 = Buffer.alloc(32, 9).toString('base64');

test.each([
  ['as openssl prints it', `${BASE64}\n`],
  ['as the Standard Webhooks specification writes it', `whsec_${BASE64}`],
])('a secret %s', (_, text) => {
  expect(Buffer.from(read(text))).toEqual(Buffer.alloc(32, 9));
});

test.each([
  ['too short', Buffer.alloc(23, 9).toString('base64')],
  ['too long', Buffer.alloc(65, 9).toString('base64')],
  ['not base64', 'hunter2 hunter2 hunter2 hunter2 hunter2 hunter2'],
  ['empty', ''],
])('one that is %s is refused, and not shown', (_, text) => {
  expect(() => read(text)).toThrow(
    `webhooks: secret_file ${path.join(folder, 'secret')} must hold base64 of 24 to 64 bytes: write it with openssl rand -base64 32`,
  );
});

test('a missing file is named', () => {
  expect(() => readWebhookSecret(path.join(folder, 'none'))).toThrow(
    /secret_file .*\/none cannot be read: ENOENT/,
  );
});
