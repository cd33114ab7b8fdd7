import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findAssetFault } from '../../src/catalog/find-asset-fault.ts';

/** The user of nothing, on Debian and most others. */
const NOBODY = 65_534;

let root: string;
beforeAll(() => {
  root = mkdtempSync(path.join(tmpdir(), 'railhead-assets-'));
  chmodSync(root, 0o755);
  mkdirSync(path.join(root, 'flatcar/4593.2.5'), { recursive: true });
  writeFileSync(path.join(root, 'flatcar/4593.2.5/vmlinuz'), 'kernel');
  writeFileSync(path.join(root, 'with space'), 'kernel');
  writeFileSync(path.join(root, 'empty'), '');
  writeFileSync(path.join(root, '.part'), 'kernel');
  writeFileSync(path.join(root, 'locked'), 'kernel');
  chmodSync(path.join(root, 'locked'), 0);
  symlinkSync('4593.2.5', path.join(root, 'flatcar/current'));
  symlinkSync('/etc/passwd', path.join(root, 'outside'));
  symlinkSync('/nowhere/at/all', path.join(root, 'dangling'));
  execFileSync('mkfifo', [path.join(root, 'pipe')]);
});
afterAll(() => rmSync(root, { recursive: true }));

test.each<[asset: string, fault: RegExp | undefined]>([
  ['flatcar/4593.2.5/vmlinuz', undefined],
  ['flatcar//4593.2.5/vmlinuz', undefined],
  ['flatcar/current/vmlinuz', undefined],
  ['with%20space', undefined],
  ['flatcar/4593.2.6/vmlinuz', /^does not exist$/],
  ['empty/vmlinuz', /^does not exist$/],
  ['dangling', /^does not exist$/],
  ['flatcar', /^is a folder, not a file$/],
  ['pipe', /^is not a regular file$/],
  ['empty', /^is empty$/],
  ['.part', /^is not served, because a part of its path begins with a dot/],
  ['outside', /^is a link that leads out of \//],
  ['100%', /^has a percent sign that is not part of an escape.*%25/],
])('%s', async (asset, fault) => {
  const found = await findAssetFault(root, asset);
  if (fault === undefined) expect(found).toBeUndefined();
  else expect(found).toMatch(fault);
});

test('a missing folder has no file', async () => {
  expect(await findAssetFault(path.join(root, 'nowhere'), 'vmlinuz')).toBe('does not exist');
});

test('a file of another user', async () => {
  // root can read every file, so that this process is another user for a moment.
  const isRoot = process.getuid?.() === 0;
  if (isRoot) process.seteuid?.(NOBODY);
  try {
    expect(await findAssetFault(root, 'locked')).toBe('cannot be read by this user');
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
});
