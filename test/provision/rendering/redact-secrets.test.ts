import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import {
  REDACTED,
  redactIgnition,
  redactText,
  secretsOf,
} from '../../../src/provision/rendering/redact-secrets.ts';

const METADATA = {
  ntp: 'time.example.com',
  rootPassword: 'Hunter2Secret',
  vault: { token: 's.abcdef', url: 'https://vault.example.com' },
  api_key: 'quote"and\\slash',
  secrets: { list: ['first-one', { deep: 'second-one' }], port: 8443 },
  pin: '12',
};
const SECRETS = secretsOf(METADATA);

test('secrets are the texts below keys whose names say so', () => {
  expect([...SECRETS].sort()).toEqual(
    ['8443', 'Hunter2Secret', 'first-one', 'quote"and\\slash', 's.abcdef', 'second-one'].sort(),
  );
});

test.each([
  ['plain', 'kernel root=x pw=Hunter2Secret', `kernel root=x pw=${REDACTED}`],
  ['in JSON', '{"k":"quote\\"and\\\\slash"}', `{"k":"${REDACTED}"}`],
  ['in a URL', 'http://x/?k=quote%22and%5Cslash', `http://x/?k=${REDACTED}`],
  ['as base64', Buffer.from('Hunter2Secret').toString('base64'), REDACTED],
  ['a hash of a password', 'core:$6$salt$abcdefghijklmnop:1', `core:${REDACTED}:1`],
  [
    'a private key',
    'a\n-----BEGIN OPENSSH PRIVATE KEY-----\nx\n-----END OPENSSH PRIVATE KEY-----\nb',
    `a\n${REDACTED}\nb`,
  ],
  ['a public key', 'ssh-ed25519 AAAAC3NzaC1lZDI1', 'ssh-ed25519 AAAAC3NzaC1lZDI1'],
  ['nothing secret', 'server time.example.com', 'server time.example.com'],
])('a text with a secret %s', (_how, text, redacted) => {
  expect(redactText(text, SECRETS)).toBe(redacted);
});

describe('an Ignition config', () => {
  const fileWith = (contents: object) =>
    JSON.stringify({ ignition: { version: '3.4.0' }, storage: { files: [{ path: '/etc/x', contents }] } });
  const contentsOf = (json: string): { source: string; compression?: string } =>
    (JSON.parse(json) as { storage: { files: [{ contents: { source: string } }] } }).storage.files[0]
      .contents;

  test.each([
    ['percent encoding', `data:,${encodeURIComponent('pw: Hunter2Secret\n')}`],
    ['base64', `data:;base64,${Buffer.from('pw: Hunter2Secret\n').toString('base64')}`],
  ])('has no secret in a file in %s', (_how, source) => {
    expect(contentsOf(redactIgnition(fileWith({ source }), SECRETS))).toEqual({
      source: `data:,${encodeURIComponent(`pw: ${REDACTED}\n`)}`,
    });
  });

  test('has no secret in a compressed file, which is unpacked for it', () => {
    const source = `data:;base64,${gzipSync('pw: Hunter2Secret\n').toString('base64')}`;
    const redacted = contentsOf(redactIgnition(fileWith({ source, compression: 'gzip' }), SECRETS));
    expect(redacted).toEqual({ source: `data:,${encodeURIComponent(`pw: ${REDACTED}\n`)}` });
  });

  test('keeps what is no secret as it is', () => {
    const json = fileWith({ source: 'data:,hello%20world', verification: { hash: 'sha512-abc' } });
    expect(redactIgnition(json, SECRETS)).toBe(json);
  });

  test('hides contents that cannot be read', () => {
    const redacted = redactIgnition(fileWith({ source: 'data:;base64,%ZZ' }), SECRETS);
    expect(contentsOf(redacted).source).toBe(REDACTED);
    const broken = redactIgnition(fileWith({ source: 'data:;base64,AAAA', compression: 'gzip' }), SECRETS);
    expect(contentsOf(broken).source).toBe(REDACTED);
  });

  test('hides what the specification makes secret', () => {
    const config = {
      ignition: {
        version: '3.4.0',
        config: {
          merge: [{ source: 'https://x', httpHeaders: [{ name: 'Authorization', value: 'Basic eHg=' }] }],
        },
      },
      passwd: { users: [{ name: 'core', passwordHash: 'x', sshAuthorizedKeys: ['ssh-ed25519 AAAA'] }] },
      storage: { luks: [{ name: 'data', keyFile: { source: 'data:,opensesame' } }] },
    };
    const text = redactIgnition(JSON.stringify(config), []);
    for (const secret of ['Basic', 'opensesame', '"passwordHash":"x"']) expect(text).not.toContain(secret);
    expect(text).toContain('ssh-ed25519 AAAA');
  });
});
