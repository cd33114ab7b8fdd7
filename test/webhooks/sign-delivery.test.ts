import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { signDelivery } from '../../src/webhooks/sign-delivery.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'railhead-sign-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const GUIDE = readFileSync(path.join(import.meta.dirname, '../../docs/dhcp.md'), 'utf8');

/** A part of the guide's section on hooks. */
function quoted(pattern: RegExp): string {
  const found = pattern.exec(GUIDE.slice(GUIDE.indexOf('## Hooks')))?.[1];
  if (found === undefined) throw new Error(`docs/dhcp.md has nothing like ${String(pattern)}`);
  return found;
}

test("the guide's example is what is sent, and its openssl command verifies it", () => {
  const body = quoted(/^(\{"type":.*)$/m);
  const id = quoted(/^webhook-id: (.*)$/m);
  const timestamp = Number(quoted(/^webhook-timestamp: (.*)$/m));
  const secret = quoted(/`webhook.secret` contains `([A-Za-z0-9+/=]+)`/);
  const signature = quoted(/^webhook-signature: (.*)$/m);
  expect(signDelivery({ id, timestamp, body }, Buffer.from(secret, 'base64'))).toEqual({
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signature,
  });

  writeFileSync(path.join(folder, 'webhook.secret'), secret);
  writeFileSync(path.join(folder, 'body'), body);
  const [, key = '', print = '', verify = ''] =
    /^ {4}\$ (key=.*)\n {4}\$ (printf .*)\n {10}(openssl .*)$/m.exec(GUIDE) ?? [];
  const printed = execFileSync('sh', ['-c', `${key}\n${print}\n${verify}`], {
    cwd: folder,
    encoding: 'utf8',
  });
  expect(`v1,${printed.trim()}`).toBe(signature);
});
