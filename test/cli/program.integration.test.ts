import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PROGRAM } from '../support/program.ts';

const root = path.resolve(import.meta.dirname, '../..');
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'railhead-cli-'));
  for (const name of ['profiles', 'groups', 'machines'])
    mkdirSync(path.join(folder, 'catalog', name), { recursive: true });
  writeFileSync(path.join(folder, 'catalog/profiles/worker.yaml'), 'id: worker\n');
  writeFileSync(
    path.join(folder, 'catalog/groups/workers.yaml'),
    'id: workers\nprofile: worker\nselector: {serial: CZ1234}\n',
  );
  writeFileSync(path.join(folder, 'railhead.yaml'), 'catalog: {dir: catalog}\nunmatched: local\n');
});
afterAll(() => rmSync(folder, { recursive: true }));

function railhead(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return railheadIn(folder, ...args);
}

function railheadIn(
  cwd: string,
  ...args: string[]
): { status: number | null; stdout: string; stderr: string } {
  const command = [PROGRAM, ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { cwd, encoding: 'utf8' });
  return { status, stdout, stderr };
}

test('--version is that of the package, and a command can have its own', () => {
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
    version: string;
  };
  expect(railhead('--version')).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
  expect(railhead('butane', '--version').stdout).toMatch(/^Butane /);
});

test.each([[['help', 'nope']], [['nope']]])('%j is wrong usage with a message', (args) => {
  const { status, stdout, stderr } = railhead(...args);
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/nope/);
});

describe('explain', () => {
  test('without any identifier is wrong usage', () => {
    const stderr = 'say which machine is meant: with --mac, --uuid, --serial or --label\n';
    expect(railhead('explain')).toEqual({ status: 2, stdout: '', stderr });
  });

  test('finds a machine by its serial number, in the catalog of the settings beside it', () => {
    const { status, stdout } = railhead('explain', '--mac', '52:54:00:00:00:01', '--serial', 'CZ1234');
    expect(stdout).toContain('group    workers');
    expect(status).toBe(0);
  });

  test('prints no control characters of a label', () => {
    const label = ['--label', 'hostname=a\u001b[2Jb\u009b31m\nroot'];
    expect(railhead('explain', ...label).stdout).toContain('hostname=a\\u001b[2Jb\\u009b31m\\u000aroot');
    expect(railhead('explain', ...label, '--json').stdout).toMatch(/^[ -~\n]+$/);
  });

  test('shows what a machine without a group does according to the settings', () => {
    const settings = path.join(folder, 'railhead.yaml');
    const { status, stdout } = railhead('explain', '--mac', '52:54:00:00:00:01', '--config', settings);
    expect(stdout).toContain('boots from its own disk');
    expect(status).toBe(1);
  });

  test('says which setting it assumes where there are no settings', () => {
    const { status, stdout, stderr } = railheadIn(
      path.join(folder, 'catalog'),
      'explain',
      '--mac',
      '52:54:00:00:00:01',
    );
    expect(stderr).toBe(
      "no railhead.yaml in this directory: assuming unmatched: wait; name the server's settings with --config\n",
    );
    expect(stdout).toContain('answer   waits');
    expect(status).toBe(1);
    expect(railhead('explain', '--mac', '52:54:00:00:00:01').stderr).toBe('');
  });

  test('names the errors in the settings', () => {
    writeFileSync(path.join(folder, 'bad.yaml'), 'unmatched: maybe\n');
    expect(railhead('explain', '--mac', '52:54:00:00:00:01', '--config', 'bad.yaml')).toEqual({
      status: 2,
      stdout: '',
      stderr: 'bad.yaml:1:12: unmatched: must be wait, local or fail, not "maybe"\n',
    });
  });
});
