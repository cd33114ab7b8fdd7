import { describe, expect, test } from 'vitest';
import { compileButane } from '../../src/butane/compile.ts';

describe('inputs that are not a document', () => {
  // The place is where the problem is; the line in the text is the one that go-yaml reports.
  test.each([
    [
      'variant: flatcar\nversion: 1.1.0\nstorage: [',
      'line 3: did not find expected node content',
      { line: 4, col: 1 },
    ],
    [
      'variant: flatcar\n\tversion: 1.1.0',
      'line 2: found a tab character that violates indentation',
      { line: 2, col: 1 },
    ],
    ['variant: *flatcar', "unknown anchor 'flatcar' referenced", { line: 1, col: 10 }],
    [
      'a: 1\nb: 2\na: 3',
      'unmarshal errors:\n  line 3: mapping key "a" already defined at line 1',
      { line: 3, col: 1 },
    ],
  ])('%j', (input, problem, place) => {
    const error = `Error unmarshaling yaml: yaml: ${problem}`;
    expect(compileButane(input)).toEqual({ kind: 'invalid', error, place, entries: [] });
  });

  test.each([
    ['', 'error parsing variant; must be specified'],
    ['variant: flatcar', 'error parsing version; must be a valid semver'],
    ['variant: flatcar\nversion: 1.1', 'error parsing version; must be a valid semver'],
    ['variant: flatcar\nversion: 9.0.0', 'No translator exists for variant flatcar with version 9.0.0'],
    [
      'variant: rhcos\nversion: 0.1.0',
      'rhcos variant has been removed; use openshift variant instead: https://coreos.github.io/butane/upgrading-openshift/',
    ],
  ])('%j', (input, error) => {
    expect(compileButane(input)).toEqual({ kind: 'invalid', error, entries: [] });
  });

  test('a value of the wrong type', () => {
    const input =
      'variant: flatcar\nversion: 1.1.0\nstorage:\n  files:\n    - path: /a\n      mode: rwx\n      overwrite: 1\n';
    expect(compileButane(input)).toEqual({
      kind: 'invalid',
      error:
        'yaml: unmarshal errors:\n' +
        '  line 6: cannot unmarshal !!str `rwx` into int\n' +
        '  line 7: cannot unmarshal !!int `1` into bool',
      place: { line: 6, col: 13 },
      entries: [],
    });
  });
});

describe('options', () => {
  const document = 'variant: flatcar\nversion: 01.1.0\n';

  test('versions are compared as versions, and the output may be indented', () => {
    expect(compileButane(Buffer.from(document), { pretty: true })).toEqual({
      kind: 'config',
      config: { ignition: { version: '3.4.0' } },
      spec: '3.4.0',
      json: '{\n  "ignition": {\n    "version": "3.4.0"\n  }\n}',
      entries: [],
    });
  });

  test('fcos 1.8.0-experimental, which has no recorded cases, has quadlets and boot devices', () => {
    const result = compileButane(
      'variant: fcos\nversion: 1.8.0-experimental\nboot_device: {layout: x86_64, luks: {tpm2: true}}\n' +
        'systemd: {quadlets: [{name: a.container, contents: x}]}\n',
    );
    expect(result.entries).toEqual([]);
    expect(result).toMatchObject({
      spec: '3.7.0-experimental',
      config: {
        storage: { luks: [{ name: 'root' }], files: [{ path: '/etc/containers/systemd/users/a.container' }] },
      },
    });
  });
});
