import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../src/ignition/parse-config.ts';
import type { ParseOptions } from '../../src/ignition/parse-config.ts';
import { formatEntry } from '../../src/ignition/report.ts';

function report(input: string, options?: ParseOptions): string[] {
  return parseConfig(input, options).entries.map(formatEntry);
}

describe('strict keys', () => {
  test.each([
    ['{"ignition":{"version":"3.4.0"},"foo":1}', ['at $.foo, line 1 col 33: unused key foo']],
    ['{"Ignition":{"version":"3.4.0"}}', ['at $.Ignition, line 1 col 2: unused key Ignition']],
  ])('an unused key is an error: %s', (input, lines) => {
    expect(report(input)).toEqual(lines.map((line) => `warning ${line}`));
    expect(report(input, { strictKeys: true })).toEqual(lines.map((line) => `error ${line}`));
    expect(parseConfig(input, { strictKeys: true }).kind).toBe('invalid');
  });

  test('a repeated key is an error', () => {
    const input = '{"ignition":{"version":"3.3.0","version":"3.4.0"},"passwd":{"users":[]},"passwd":{}}';
    expect(parseConfig(input)).toMatchObject({ kind: 'config', spec: '3.4.0', entries: [] });
    expect(report(input, { strictKeys: true })).toEqual([
      'error at $.passwd, line 1 col 73: key passwd is repeated: keep one of them',
      'error at $.ignition.version, line 1 col 32: key version is repeated: keep one of them',
    ]);
  });

  test('a number that takes Ignition its positions hides no key', () => {
    const input = '{"ignition":{"version":"3.4.0"},"foo":1e999,"storage":{"files":[{"path":"a"}]}}';
    expect(report(input)).toEqual(['error at $.storage.files.0.path: path not absolute']);
    expect(report(input, { strictKeys: true })).toEqual([
      'error at $.storage.files.0.path, line 1 col 73: path not absolute',
      'error at $.foo, line 1 col 33: unused key foo',
    ]);
  });
});

// The behaviour of encoding/json for repeated keys: scalars are replaced, objects merge, arrays overwrite item by item.
test('repeated keys decode over one another', () => {
  const result = parseConfig(`{
    "ignition": {"version": "3.0.0"}, "Ignition": {"VERSION": "3.4.0", "timeouts": {"httpTotal": 1}},
    "storage": {"files": [{"path": "/a", "mode": 1}, {"path": "/b"}], "files": [{"path": "/c"}]},
    "kernelArguments": {"shouldExist": ["a", null, "b"]},
    "passwd": {"users": [{"name": "x", "uid": 1, "uid": null}]}, "systemd": null
  }`);
  expect(result).toMatchObject({ kind: 'config', spec: '3.4.0' });
  expect(result.kind === 'config' && result.config).toEqual({
    ignition: { version: '3.4.0', timeouts: { httpTotal: 1 } },
    storage: { files: [{ path: '/c', mode: 1 }] },
    kernelArguments: { shouldExist: ['a', '', 'b'] },
    passwd: { users: [{ name: 'x' }] },
  });
});

test.each([
  ['9223372036854775807', 9223372036854775807n],
  ['-9223372036854775808', -9223372036854775808n],
  ['9007199254740991', 9007199254740991],
  ['-0', 0],
])('the whole number %s is kept exactly', (text, uid) => {
  const result = parseConfig(`{"ignition":{"version":"3.4.0"},"passwd":{"users":[{"uid":${text}}]}}`);
  expect(result.kind === 'config' && result.config.passwd?.users?.[0]?.uid).toBe(uid);
});

test.each(['9223372036854775808', '-9223372036854775809', '1.0', '1e2', '"1"', 'true', '[]'])(
  '%s is not a whole number',
  (text) => {
    expect(report(`{"ignition":{"version":"3.4.0"},"passwd":{"users":[{"uid":${text}}]}}`)).toEqual([
      expect.stringMatching(
        /^error at line 1 col \d+: json: cannot unmarshal .* PasswdUser.passwd.users.uid of type int$/,
      ),
    ]);
  },
);
