import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { packageCopyright } from '../../scripts/package-copyright.ts';
import { copyDependencies, loadedPackages } from '../../scripts/package-dependencies.ts';
import { catalogTree } from '../catalog/catalog-tree.ts';

let target: string;
beforeEach(() => {
  target = mkdtempSync(path.join(tmpdir(), 'railhead-package-'));
});
afterEach(() => rmSync(target, { recursive: true }));

const manifest = (name: string, rest: object = {}): string =>
  JSON.stringify({ name, version: '1.0.0', license: 'MIT', ...rest });

const TREE = {
  'package.json': manifest('railhead', { dependencies: { web: '1', 'better-sqlite3': '1' } }),
  'node_modules/web/package.json': manifest('web', {
    dependencies: { words: '1' },
    optionalDependencies: { 'web-windows': '1' },
  }),
  'node_modules/web/index.js': '',
  'node_modules/web/index.min.js': '',
  'node_modules/web/index.d.ts': '',
  'node_modules/web/index.js.map': '',
  'node_modules/web/README.md': '',
  'node_modules/web/LICENSE':
    'The MIT License\n\nCopyright (c) 2020 Ann <ann@example.com>\nCopyright (c) 2021 Bob\n',
  'node_modules/web/.eslintrc': '',
  'node_modules/web/.github/FUNDING.yml': '',
  'node_modules/web/test/index.js': '',
  'node_modules/web/doc/loaded.js': '',
  'node_modules/web/cli.js': '#!/usr/bin/env node\n',
  'node_modules/web/lib/data.json': '{}',
  // Another version of what others have, within the package that needs it.
  'node_modules/web/node_modules/words/package.json': manifest('words', { author: { name: 'Eve' } }),
  'node_modules/web/node_modules/words/words.cjs': '',
  'node_modules/words/package.json': manifest('words'),
  'node_modules/words/words.cjs': '',
  'node_modules/better-sqlite3/package.json': manifest('better-sqlite3', {
    dependencies: { 'prebuild-install': '1' },
  }),
  'node_modules/better-sqlite3/build/Release/better_sqlite3.node': 'binary',
  'node_modules/better-sqlite3/build/Release/test_extension.node': 'binary',
  'node_modules/better-sqlite3/build/Release/obj.target/sqlite3.a': 'binary',
  'node_modules/better-sqlite3/src/better_sqlite3.cpp': '',
  'node_modules/prebuild-install/package.json': manifest('prebuild-install'),
  'node_modules/typescript/package.json': manifest('typescript'),
};

test('only what the program loads is copied', () => {
  copyDependencies(catalogTree(TREE), target);
  const files = readdirSync(target, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      path.relative(path.join(target, 'node_modules'), path.join(entry.parentPath, entry.name)),
    );
  expect(files.sort()).toEqual([
    'better-sqlite3/build/Release/better_sqlite3.node',
    'better-sqlite3/package.json',
    'web/LICENSE',
    'web/doc/loaded.js',
    'web/index.js',
    'web/index.min.js',
    'web/lib/data.json',
    'web/node_modules/words/package.json',
    'web/node_modules/words/words.cjs',
    'web/package.json',
  ]);
  expect(statSync(path.join(target, 'node_modules/web/index.js')).mode & 0o777).toBe(0o644);
});

test('a dependency that is not installed is named', () => {
  const tree = catalogTree({ 'package.json': manifest('railhead', { dependencies: { web: '1' } }) });
  expect(() => loadedPackages(tree)).toThrow('railhead needs web, which is not installed: run npm ci');
});

test('the copyright file has the program, and each dependency with its holders and where its licence is', () => {
  expect(packageCopyright(catalogTree(TREE), '2026', false))
    .toBe(`Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: railhead

Files: *
Copyright: 2026 The Railhead authors
License: Apache-2.0

Files: usr/lib/railhead/node_modules/better-sqlite3/*
Copyright: the authors of better-sqlite3
License: MIT-of-better-sqlite3
 MIT: its package.json names it, and has no text.

Files: usr/lib/railhead/node_modules/web/*
Copyright: 2020 Ann <ann@example.com>
 2021 Bob
License: MIT-of-web
 MIT: the text is in /usr/lib/railhead/node_modules/web/LICENSE.

Files: usr/lib/railhead/node_modules/web/node_modules/words/*
Copyright: Eve
License: MIT-of-words
 MIT: its package.json names it, and has no text.

License: Apache-2.0
 On Debian systems the text is in /usr/share/common-licenses/Apache-2.0.
`);
});
