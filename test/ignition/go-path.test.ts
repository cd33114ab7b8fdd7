import { describe, expect, test } from 'vitest';
import { cleanPath, isAbsolutePath, joinPath, pathExtension } from '../../src/ignition/go-path.ts';

describe('cleanPath', () => {
  test.each([
    ['', '.'],
    ['/', '/'],
    ['//', '/'],
    ['/a/', '/a'],
    ['a/../b', 'b'],
    ['/../a', '/a'],
    ['../a', '../a'],
    ['a/../../b', '../b'],
    ['../../x/..', '../..'],
    ['./a/./b//c', 'a/b/c'],
    ['...', '...'],
  ])('%j becomes %j', (path, cleaned) => {
    expect(cleanPath(path)).toBe(cleaned);
  });
});

test.each([
  [['', ''], ''],
  [['a', 'b'], 'a/b'],
  [['/', 'etc/x'], '/etc/x'],
  [['', '/a'], '/a'],
  [['a', '../..'], '..'],
])('joinPath %j is %j', (elements, joined) => {
  expect(joinPath(...elements)).toBe(joined);
});

test.each([
  ['a.service', '.service'],
  ['a.b.conf', '.conf'],
  ['dir.d/a', ''],
  ['.service', '.service'],
  ['a.', '.'],
])('the extension of %j is %j', (path, extension) => {
  expect(pathExtension(path)).toBe(extension);
});

test('only a leading slash makes a path absolute', () => {
  expect(['/a', 'a', './a', ''].map(isAbsolutePath)).toEqual([true, false, false, false]);
});
