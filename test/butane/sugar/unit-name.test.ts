import { expect, test } from 'vitest';
import { escapeUnitPath } from '../../../src/butane/sugar/unit-name.ts';

// systemd-escape --path
test.each([
  ['/var/lib/containerd', 'var-lib-containerd'],
  ['/', '-'],
  ['', '-'],
  ['//var//a/', 'var-a'],
  ['/dev/disk/by-partlabel/a-b', 'dev-disk-by\\x2dpartlabel-a\\x2db'],
  ['/.hidden/.b', '\\x2ehidden-.b'],
  ['/a b/ü', 'a\\x20b-\\xc3\\xbc'],
])('%j', (path, name) => {
  expect(escapeUnitPath(path)).toBe(name);
});
