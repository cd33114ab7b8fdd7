import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { catalogTree } from '../catalog/catalog-tree.ts';
import { PROGRAM } from '../support/program.ts';

/** Runs `railhead check` in a tree; returns its output and exit status. */
function check(
  files: Readonly<Record<string, string>>,
  ...args: string[]
): { status: number | null; stdout: string; stderr: string } {
  const command = [PROGRAM, 'check', ...args];
  // The settings of the file are meant, not those of the environment.
  const env = { ...process.env, RAILHEAD_CATALOG_DIR: '/nowhere' };
  const { status, stdout, stderr } = spawnSync(process.execPath, command, {
    cwd: catalogTree(files),
    encoding: 'utf8',
    env,
  });
  return { status, stdout, stderr };
}

const ONE_GROUP = { 'profiles/a.yaml': 'id: a\n', 'groups/a.yaml': 'id: a\nprofile: a\n' };
/** Butane warns about a mode that was probably meant to be octal, and continues. */
const BUTANE_WARNING = {
  'profiles/a.yaml': 'id: a\nignition: a.bu\n',
  'profiles/a.bu': 'variant: flatcar\nversion: 1.0.0\nstorage:\n  files:\n    - path: /a\n      mode: 644\n',
  'groups/a.yaml': 'id: a\nprofile: a\n',
};
const ODD_SETTINGS = [
  'http: {public_url: "http://boot.example"}',
  'networks:',
  '  - id: rack1',
  '    cidr: 10.0.1.0/24',
  '    mode: full',
  '    pools: ["10.0.1.100-10.0.1.200"]',
  '',
].join('\n');

test('a warning about the settings has its place, and causes a failure only with --strict', () => {
  const files = { ...ONE_GROUP, 'railhead.yaml': ODD_SETTINGS };
  const { status, stderr, stdout } = check(files);
  expect(stdout).toMatch(
    /^warning: railhead\.yaml:3:5: networks\.0: http\.public_url has the host name boot\.example/,
  );
  expect([status, stderr]).toEqual([0, 'no problems, 1 warning: 1 profile, 1 group, 0 machines\n']);
  expect(check(files, '--strict').status).toBe(1);
});

test('errors in the settings are reported with those of the catalog', () => {
  const { status, stderr, stdout } = check({
    'railhead.yaml': 'unmatched: maybe\nhttp:\n  listem: []\n',
    'groups/a.yaml': 'id: a\nprofile: b\n',
  });
  expect(stdout.trim().split('\n')).toEqual([
    'railhead.yaml:3:3: unknown key "listem"',
    'railhead.yaml:1:12: unmatched: must be wait, local or fail, not "maybe"',
    expect.stringMatching(/^groups\/a\.yaml:2:10: .*"b"/),
  ]);
  expect([status, stderr]).toEqual([1, '3 problems\n']);
});

test('a group for a network that there is not', () => {
  const groupFor = (network: string): Record<string, string> => ({
    'profiles/a.yaml': 'id: a\n',
    'groups/a.yaml': `id: a\nprofile: a\nselector: {network: ${network}}\ndhcp_options: [{code: 26, value: 9000}]\n`,
    'railhead.yaml': 'networks:\n  - {id: rack1, cidr: 10.0.1.0/24, mode: proxy}\n',
  });
  expect(check(groupFor('rack1'))).toMatchObject({ status: 0, stdout: '' });
  const { status, stdout } = check(groupFor('rakc1'));
  expect(stdout).toBe(
    'groups/a.yaml:3:21: no DHCP client gets the dhcp_options of group a: its selector requires network to be rakc1, and in DHCP it is one of rack1. Select by one of these values\n',
  );
  expect(status).toBe(1);
});

test('a pool that no client can use, given the machines of the catalog', () => {
  const pools = (label: string): string =>
    `networks:\n  - id: a\n    cidr: 10.0.1.0/24\n    mode: full\n    pools: [{range: 10.0.1.9-10.0.1.19, selector: {${label}}}]\n`;
  const machines = { 'machines/m.yaml': 'id: m\nmac: 52:54:00:00:00:01\nlabels: {role: storage}\n' };
  expect(check({ ...ONE_GROUP, ...machines, 'railhead.yaml': pools('role: storage') }).stdout).toBe('');
  const { status, stdout } = check({ ...ONE_GROUP, ...machines, 'railhead.yaml': pools('role: db') });
  expect(stdout).toMatch(
    /^warning: railhead\.yaml:5:13: networks\.0\.pools\.0: no client gets an address of the pool 10\.0\.1\.9-10\.0\.1\.19 of network a: its selector requires the label role/,
  );
  expect(status).toBe(0);
});

test.each([
  ['without --strict', [], 0],
  ['with --strict', ['--strict'], 1],
])('a warning of Butane %s', (_, args, status) => {
  const found = check(BUTANE_WARNING, ...args);
  expect(found.stdout).toMatch(/^warning: profiles\/a\.bu:6:13: /);
  expect(found.status).toBe(status);
});

test('catalog.dir and catalog.assets are used, and a kernel that is not in assets is a warning', () => {
  const { status, stdout } = check({
    'railhead.yaml': 'catalog: {dir: catalog, assets: files}\n',
    'catalog/profiles/a.yaml': 'id: a\nboot:\n  kernel: /assets/there\n  initrd: [/assets/gone]\n',
    'catalog/groups/a.yaml': 'id: a\nprofile: a\n',
    'catalog/assets/gone': '',
    'files/there': 'kernel',
  });
  expect(stdout).toMatch(/^warning: profiles\/a\.yaml:4:12: assets\/gone does not exist.*\n$/);
  expect(status).toBe(0);
});

test('a folder without a catalog is an error', () => {
  expect(check({ 'notes.txt': '' })).toEqual({
    status: 1,
    stdout: '',
    stderr: 'there is no catalog in .: no profile, group or machine below profiles/, groups/ and machines/\n',
  });
});
