import { expect, test } from 'vitest';
import { removeTokens } from '../../../../src/provision/machines/reports/remove-tokens.ts';

test.each([
  [
    'a URL',
    "+ curl 'http://h/ignition?token=Zm9v-_8&mac=52-54-00-00-00-01'",
    "+ curl 'http://h/ignition?token=[removed]&mac=52-54-00-00-00-01'",
  ],
  ['the end of a line', 'http://h/ignition?mac=x&TOKEN=Zm9v', 'http://h/ignition?mac=x&TOKEN=[removed]'],
  ['a URL in angle brackets', '<http://h/?token=Zm9v>', '<http://h/?token=[removed]>'],
  [
    'a URL within a URL',
    'next=%2Fignition%3Ftoken%3DZm9v%26mac%3Dx',
    'next=%2Fignition%3Ftoken%3D[removed]%26mac%3Dx',
  ],
  ['lower-case escapes', 'u=%3ftoken%3dZm9v%26a&b=c', 'u=%3ftoken%3d[removed]%26a&b=c'],
  ['a URL encoded twice', 'u=%253Ftoken%253DZm9v%2526mac', 'u=%253Ftoken%253D[removed]%2526mac'],
  ['an encoded value', 'token%3DZm%2B9v%3D%3D and more', 'token%3D[removed] and more'],
  ['JSON in a URL', 'body=%7B%22token%22%3A%22Zm9v%22%7D', 'body=%7B%22token%22%3A%22[removed]%22%7D'],
  ['JSON in a URL with a blank', '%22token%22%3A%20%22Zm9v%22', '%22token%22%3A%20%22[removed]%22'],
  ['JSON', '{"token":"Zm9v","mac":"x"}', '{"token":"[removed]","mac":"x"}'],
  ['JSON with blanks', '{ "token" : "Zm9v bar" }', '{ "token" : "[removed]" }'],
  ['JSON with an escaped quote', '{"token":"Zm\\"9v"}', '{"token":"[removed]"}'],
  ['JSON with a number', '{"token": 12345, "a": 1}', '{"token": [removed], "a": 1}'],
  [
    'JSON as text in JSON',
    '"{\\"token\\":\\"Zm9v\\",\\"a\\":1}"',
    '"{\\"token\\":\\"[removed]\\",\\"a\\":1}"',
  ],
  ['Python', "{'token': 'Zm9v'}", "{'token': '[removed]'}"],
  ['a shell', 'export TOKEN="Zm9v bar" A=1', 'export TOKEN="[removed]" A=1'],
  ['a shell, single quotes', "token='Zm9v bar' a=1", "token='[removed]' a=1"],
  [
    'a longer name',
    'session_token=Zm9v {"accessToken":"Zm9v"}',
    'session_token=[removed] {"accessToken":"[removed]"}',
  ],
  ['two in one line', 'token=Zm9v token%3DZm9v', 'token=[removed] token%3D[removed]'],
  ['a header', '> Authorization: Bearer Zm9v', '> Authorization: Bearer [removed]'],
  [
    'a header in quotes',
    'curl -H "Authorization: Bearer Zm9v" h',
    'curl -H "Authorization: Bearer [removed]" h',
  ],
])('the token is removed from %s', (_spelling, line, shown) => {
  expect(removeTokens(line)).toBe(shown);
  expect(removeTokens(line)).not.toMatch(/Zm|9v|bar|12345/);
});

test.each([
  'unexpected token: } in line 3',
  'SyntaxError: Unexpected token < in JSON',
  'the token has ended',
  'tokens=3',
  '"token":""',
  'the bearer of this machine',
])('%s is no token', (line) => {
  expect(removeTokens(line)).toBe(line);
});

test('a line made to be slow takes no time that grows with the square of its length', () => {
  // A report has at most 64 KiB. A quadratic expression takes minutes for 4 MB, and the test's time limit ends it.
  for (const piece of ['token', 'token%25', '%25', 'token" ', 'token"  :', 'token\\', 'token=" ']) {
    const line = piece.repeat(4_000_000 / piece.length);
    expect(removeTokens(line).length).toBeGreaterThan(0);
  }
});
