import { describe, expect, test } from 'vitest';
import { parseTsigKey, readTsigKey } from '../../src/dns-updates/tsig-key.ts';

const SECRET = 'MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=';
const key = (text: string) => parseTsigKey(text, 'dns.key');

describe('a key file', () => {
  test.each([
    ['of tsig-keygen', `key "railhead" {\n\talgorithm hmac-sha256;\n\tsecret "${SECRET}";\n};\n`],
    ['without quotes and final semicolon', `key railhead { secret ${SECRET}; algorithm hmac-sha256; }`],
    [
      'with comments',
      `# for Railhead\n// also\n/* key "x" {} */ key "railhead" { algorithm hmac-sha256; secret "${SECRET}"; };`,
    ],
  ])('%s', (_, text) => {
    expect(key(text)).toMatchObject({ name: 'railhead', algorithm: 'hmac-sha256' });
    expect(Buffer.from(key(text).secret).toString()).toBe('0123456789abcdef0123456789abcdef');
  });

  test('with two slashes in its secret, which do not begin a comment', () => {
    const secret = 'AA//AAAAAAAAAAAAAAAAAAAAAAAAAAAA';
    const text = `key "k" { algorithm hmac-sha512; secret "${secret}"; };`;
    expect(Buffer.from(key(text).secret).toString('base64')).toBe(secret);
  });

  test.each([
    ['nothing', '', 'does not hold exactly one key'],
    [
      'two keys',
      `key "a" { algorithm hmac-sha256; secret "${SECRET}"; }; key "b" { algorithm hmac-sha256; secret "${SECRET}"; };`,
      'does not hold exactly one key',
    ],
    ['an invalid name', `key "a..b" { algorithm hmac-sha256; secret "${SECRET}"; };`, 'has a key name'],
    ['no algorithm', `key "a" { secret "${SECRET}"; };`, 'names no algorithm'],
    [
      'an obsolete algorithm',
      `key "a" { algorithm hmac-md5; secret "${SECRET}"; };`,
      'not one of hmac-sha256',
    ],
    ['no secret', 'key "a" { algorithm hmac-sha256; };', 'has no secret'],
    [
      'a secret that is not base64',
      'key "a" { algorithm hmac-sha256; secret "hunter2-hunter2!!hunter2"; };',
      'not base64',
    ],
    ['a short secret', 'key "a" { algorithm hmac-sha256; secret "aHVudGVyMg=="; };', 'at least 16 bytes'],
  ])('with %s is refused, by name and without the secret', (_, text, message) => {
    expect(() => key(text)).toThrow(message);
    expect(() => key(text)).toThrow('the key file dns.key');
    expect(() => key(text)).not.toThrow(/hunter2|aHVudGVyMg|MDEyMzQ1/);
  });

  test('that does not exist is named', () => {
    expect(() => readTsigKey('/nowhere/dns.key')).toThrow('the key file /nowhere/dns.key cannot be read');
  });
});
