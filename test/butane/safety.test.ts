import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compileButane, SERVER_SAFETY } from '../../src/butane/compile.ts';
import type { Safety } from '../../src/butane/compile.ts';
import { openFilesDirectory } from '../../src/catalog/files-directory.ts';
import { formatEntry } from '../../src/ignition/report.ts';

/** A version to which a flatcar 1.1.0 document does not compile. */
const embedded = '{"ignition":{"version":"3.3.0"},"storage":{"files":[{"path":"etc"}]}}';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'railhead-butane-safety-'));
  mkdirSync(join(folder, 'files/inner'), { recursive: true });
  writeFileSync(join(folder, 'secret'), 'key\n');
  writeFileSync(join(folder, 'files/inside'), 'inside\n');
  writeFileSync(join(folder, 'files/inner/motd'), 'hello\n');
  writeFileSync(join(folder, 'files/bad.ign'), embedded);
  for (const name of ['large', 'huge']) writeFileSync(join(folder, 'files', name), '');
  symlinkSync('../secret', join(folder, 'files/outside'));
  symlinkSync('inside', join(folder, 'files/alias'));
  symlinkSync('..', join(folder, 'files/up'));
  symlinkSync('loop', join(folder, 'files/loop'));
  execFileSync('mkfifo', [join(folder, 'files/pipe')]);
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Compiles with the files directory, and returns the report, or the JSON if the report is empty. */
function compile(body: string, safety: Safety, version = '1.1.0', variant = 'flatcar'): string[] {
  const result = compileButane(`variant: ${variant}\nversion: ${version}\n${body}`, {
    files: openFilesDirectory(join(folder, 'files')),
    safety,
  });
  const report = result.entries.map(formatEntry);
  return result.kind === 'config' && report.length === 0 ? [result.json] : report;
}

const file = (contents: string) => `storage: {files: [{path: /a, contents: {${contents}}}]}\n`;

describe('unknown keys', () => {
  const body = 'storage:\n  files:\n    - path: /a\n      modee: 0644\n';

  test('are warnings, as in Butane, unless they are refused', () => {
    const place = 'at $.storage.files.0.modee, line 6 col 7: unused key modee';
    expect(compile(body, {})).toEqual([`warning ${place}`]);
    expect(compile(body, { refuseUnknownKeys: true })).toEqual([`error ${place}`]);
  });

  test.each([
    [
      'storage: {files: [&f {path: /a, modee: 1}, {<<: *f, path: /b}]}\n',
      ['error at $.storage.files.0.modee, line 3 col 33: unused key modee'],
    ],
    [
      'x: &s {filez: []}\nstorage: *s\n',
      [
        'error at $.x, line 3 col 1: unused key x',
        'error at $.storage.filez, line 3 col 8: unused key filez',
      ],
    ],
    [
      'passwd: {users: [~, {name: core, groupz: []}]}\n',
      ['error at $.passwd.users.1.groupz, line 3 col 34: unused key groupz'],
    ],
    [
      'storage: {files: [{<<: [{path: /a}, {mod: 1}]}]}\n',
      ['error at $.storage.files.0.mod, line 3 col 38: unused key mod'],
    ],
  ])('are found wherever they are: %j', (body, entries) => {
    expect(compile(body, { refuseUnknownKeys: true })).toEqual(entries);
  });

  test.each([
    'storage:\n',
    'storage: {files: [&f {path: /a, mode: 0644}, {<<: *f, path: /b}]}\n',
    'passwd: {users: [&u {name: core}]}\n',
  ])('%j has none, and gets no warning for its aliases and nulls', (body) => {
    expect(compile(body, SERVER_SAFETY)).toEqual([expect.stringContaining('"version":"3.4.0"')]);
  });
});

describe('links', () => {
  const outside = 'local file path traverses outside the files directory';

  test('lead out of the files directory in Butane', () => {
    expect(compile(file('local: outside'), {})).toEqual([expect.stringContaining('"data:,key%0A"')]);
  });

  test.each([
    [file('local: outside'), `error at $.storage.files.0.contents.local, line 3 col 48: ${outside}`],
    [file('local: up/secret'), `error at $.storage.files.0.contents.local, line 3 col 48: ${outside}`],
    ['storage: {trees: [{local: up}]}\n', `error at $.storage.trees.0, line 3 col 19: ${outside}`],
    [
      'passwd: {users: [{name: core, ssh_authorized_keys_local: [outside]}]}\n',
      `error at $.passwd.users.0.ssh_authorized_keys_local.0, line 3 col 59: ${outside}`,
    ],
    [
      'systemd: {units: [{name: a.service, contents_local: up/secret}]}\n',
      `error at $.systemd.units.0.contents_local, line 3 col 53: ${outside}`,
    ],
  ])('%j stays inside if links are resolved', (body, entry) => {
    expect(compile(body, { resolveLinks: true })).toEqual([entry]);
  });

  test('that stay inside the directory are followed', () => {
    expect(compile(file('local: alias'), SERVER_SAFETY)).toEqual([
      expect.stringContaining('"data:,inside%0A"'),
    ]);
    expect(compile('storage: {trees: [{local: inner}]}\n', SERVER_SAFETY)).toEqual([
      expect.stringContaining('"path":"/motd"'),
    ]);
  });

  test('that are dangling, and special files, are errors and do not block', () => {
    const path = (name: string) => join(folder, 'files', name);
    expect(compile(file('local: loop'), {})).toEqual([
      `error at $.storage.files.0.contents.local, line 3 col 48: open ${path('loop')}: too many levels of symbolic links`,
    ]);
    expect(compile(file('local: pipe'), {})).toEqual([
      `error at $.storage.files.0.contents.local, line 3 col 48: read ${path('pipe')}: not a regular file`,
    ]);
  });
});

describe('sizes', () => {
  test('files are embedded up to a limit', () => {
    // Sparse files take no space on the disk.
    truncateSync(join(folder, 'files/large'), 70 * 1024 * 1024);
    truncateSync(join(folder, 'files/huge'), 129 * 1024 * 1024);
    const contents = (name: string) => `{path: /${name}, append: [{local: ${name}, compression: gzip}]}`;
    expect(compile(`storage: {files: [${contents('huge')}]}\n`, {})).toEqual([
      expect.stringMatching(/read .*huge: larger than 128 MiB$/),
    ]);
    expect(
      compile(`passwd: {users: [{name: core, ssh_authorized_keys_local: [large, large]}]}\n`, {}),
    ).toEqual([
      expect.stringMatching(
        /ssh_authorized_keys_local\.1, .*: the document embeds more than 128 MiB of files/,
      ),
    ]);
  });
});

describe('generated lines', () => {
  const filesystem = (device: string, path: string, options = '') =>
    `storage: {filesystems: [{device: ${device}, path: ${path}, format: ext4, with_mount_unit: true, mount_options: [${options}]}]}\n`;

  test('an option can break out of its line in Butane', () => {
    const [json = ''] = compile(filesystem('/dev/a', '/var/a', '"ro\\nExecStart=/bin/sh"'), {});
    expect(json).toContain('Options=ro\\nExecStart=/bin/sh');
  });

  test.each([
    [filesystem('/dev/a', '"/var/a\\nExecStart=/bin/sh"'), '$.storage.filesystems.0.path'],
    [filesystem('"/dev/a\\r[Service]"', '/var/a'), '$.storage.filesystems.0.device'],
    [filesystem('/dev/a', '/var/a', 'ro, "rw\\\\"'), '$.storage.filesystems.0.mount_options.1'],
  ])('%j is refused', (body, path) => {
    expect(compile(body, { refuseLineBreaks: true })).toEqual([
      expect.stringMatching(
        `^error at ${path.replaceAll(/[$.]/g, '\\$&')}, line 3 .*must not contain control characters`,
      ),
    ]);
  });

  test('a user of GRUB cannot write commands', () => {
    const body = 'grub: {users: [{name: "root\\nsuperuser", password_hash: x}]}\n';
    expect(compile(body, { refuseLineBreaks: true }, '1.5.0', 'fcos')).toEqual([
      expect.stringMatching(/^error at \$\.grub\.users\.0\.name, line 3 /),
    ]);
  });

  test('ordinary values are not refused', () => {
    expect(
      compile(filesystem('/dev/disk/by-label/ö', '/var/a b', 'x-systemd.device-timeout=5'), SERVER_SAFETY),
    ).toEqual([expect.stringContaining('"version":"3.4.0"')]);
  });
});

describe('declared hashes', () => {
  // echo -n hello | sha256sum
  const hash = 'sha256-2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824';
  const packed = gzipSync('hello').toString('base64');

  test.each([
    `inline: hello, verification: {hash: ${hash}}`,
    `compression: gzip, source: "data:;base64,${packed}", verification: {hash: ${hash}}`,
    `source: "https://example.com/x", verification: {hash: ${hash}}`,
  ])('%s is accepted', (contents) => {
    expect(compile(file(contents), { checkHashes: true })).toEqual([
      expect.stringContaining('"verification"'),
    ]);
  });

  test('contents with another hash are refused, unlike in Butane', () => {
    const body = file(`inline: bye, verification: {hash: ${hash}}`);
    expect(compile(body, {})).toEqual([expect.stringContaining('"data:,bye"')]);
    expect(compile(body, { checkHashes: true })).toEqual([
      'error at $.storage.files.0.contents.verification.hash, line 3 col 75: the contents have another hash: ' +
        'sha256-b49f425a7e1f9cff3856329ada223f2f9d368f15a00cf48df16ca95986137fe8',
    ]);
  });

  test('of local files are checked as well', () => {
    expect(compile(file(`local: inside, verification: {hash: ${hash}}`), { checkHashes: true })).toEqual([
      expect.stringMatching(/another hash: sha256-/),
    ]);
  });

  test('contents that do not unpack are refused', () => {
    const body = file(`compression: gzip, inline: hello, verification: {hash: ${hash}}`);
    expect(compile(body, { checkHashes: true })).toEqual([expect.stringMatching(/cannot be unpacked/)]);
  });
});

describe('embedded configurations', () => {
  const merge = (resource: string) => `ignition: {config: {merge: [{${resource}}]}}\n`;
  const fault = 'error at $.storage.files.0.path, line 1 col 61: path not absolute';

  test.each([
    [merge('local: bad.ign'), 'local', 37],
    [merge(`inline: '${embedded}'`), 'inline', 38],
  ])('%s is not checked by Butane', (body, key, col) => {
    expect(compile(body, {}).filter((line) => line.startsWith('error'))).toEqual([]);
    expect(compile(body, { checkEmbeddedConfigs: true }).filter((line) => line.startsWith('error'))).toEqual([
      `error at $.ignition.config.merge.0.${key}, line 3 col ${col}: the embedded configuration is not valid: ${fault}`,
    ]);
  });

  test.each([
    ['source: "data:,hello"', "error at line 1 col 2: invalid character 'h' looking for beginning of value"],
    ['source: "data:,"', 'not a config (empty)'],
    ['compression: gzip, source: "data:,x"', 'it cannot be unpacked: '],
  ])('%s is refused', (resource, reason) => {
    expect(compile(merge(resource), { checkEmbeddedConfigs: true })).toEqual([
      expect.stringContaining(`the embedded configuration is not valid: ${reason}`),
    ]);
  });

  test('fetched and valid ones are accepted', () => {
    const good = '{"ignition":{"version":"3.1.0"}}';
    expect(compile(merge('source: "https://example.com/a.ign"'), SERVER_SAFETY)).toEqual([
      expect.stringContaining('"merge"'),
    ]);
    expect(compile(merge(`source: 'data:,${encodeURIComponent(good)}'`), SERVER_SAFETY)).toEqual([
      expect.stringContaining('"merge"'),
    ]);
  });
});
