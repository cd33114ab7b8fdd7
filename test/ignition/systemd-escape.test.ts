import { expect, test } from 'vitest';
import { escapeUnitPath } from '../../src/ignition/systemd-escape.ts';

// The left column through go-systemd v22's UnitNamePathEscape.
test.each([
  ['/var/lib/data', 'var-lib-data'],
  ['//var///lib/', 'var-lib'],
  ['/', '-'],
  ['', '-'],
  ['/.hidden/.x', '\\x2ehidden-.x'],
  ['/a-b c', 'a\\x2db\\x20c'],
  ['/é', '\\xc3\\xa9'],
  ['/a\n', 'a\\xa'],
  ['/dev/disk/by-label/A:B_c', 'dev-disk-by\\x2dlabel-A:B_c'],
])('%j becomes %s', (path, name) => {
  expect(escapeUnitPath(path)).toBe(name);
});
