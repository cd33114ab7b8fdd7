import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FilesError } from '../../src/butane/butane-files.ts';
import { openFilesDirectory } from '../../src/catalog/files-directory.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'railhead-files-'));
  mkdirSync(join(folder, 'inner'));
  writeFileSync(join(folder, 'run'), 'run\n', { mode: 0o711 });
  symlinkSync('run', join(folder, 'link'));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

test('returns the kind of each file', () => {
  const files = openFilesDirectory(folder);
  const path = (name: string) => join(folder, name);
  expect(Buffer.from(files.read(path('link'))).toString()).toBe('run\n');
  expect(files.stat(path('link'))).toEqual({ kind: 'file', executable: true });
  expect(files.lstat(path('link')).kind).toBe('symlink');
  expect(files.lstat(path('inner')).kind).toBe('directory');
  expect(files.stat('/dev/null').kind).toBe('other');
  expect(files.readLink(path('link'))).toBe('run');
  expect(files.realPath(path('link'))).toBe(files.realPath(path('run')));
  expect([...files.list(folder)].sort()).toEqual(['inner', 'link', 'run']);
  expect(files.absolute('/a/../b')).toBe('/b');
});

test.each([
  ['none', 'open', 'no such file or directory'],
  ['run/none', 'open', 'not a directory'],
  ['inner', 'read', 'is a directory'],
  ['a\0b', 'open', 'invalid argument'],
])('%j cannot be read, and the message is that of Go', (name, operation, reason) => {
  const path = `${folder}/${name}`;
  const error = new FilesError(`${operation} ${path}: ${reason}`);
  expect(() => openFilesDirectory(folder).read(path)).toThrow(error);
});
