import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PROGRAM } from '../support/program.ts';

const SETTINGS = [
  'catalog: {dir: .}',
  'http: {listen: ["127.0.0.1:0"]}',
  'operator: {listen: "127.0.0.1:0"}',
  'tftp: {enabled: false}',
  'store: {file: data/railhead.db}',
].join('\n');

let folder: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'railhead-'));
  mkdirSync(path.join(folder, 'groups'));
  writeFileSync(path.join(folder, 'railhead.yaml'), SETTINGS);
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

/** Starts the server, and returns the origin of its API. */
async function serve(): Promise<string> {
  const child = spawn(process.execPath, [PROGRAM, 'serve'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  for await (const line of createInterface({ input: child.stdout })) {
    const entry = JSON.parse(line) as { msg: string; operator?: string };
    if (entry.msg === 'railhead is ready') return `http://${entry.operator}`;
  }
  throw new Error('the server ended');
}

function railhead(words: readonly string[], environment: Record<string, string> = {}) {
  const env = { PATH: process.env['PATH'], XDG_CONFIG_HOME: path.join(folder, 'home'), ...environment };
  const { status, stderr, stdout } = spawnSync(process.execPath, [PROGRAM, ...words], {
    cwd: folder,
    encoding: 'utf8',
    env,
  });
  return { out: stdout, error: stderr, code: status };
}

test('the first token is made before the server runs, and later ones by the server', async () => {
  const without = railhead(['tokens', 'create', '--name', 'anna', '--role', 'admin']);
  expect(without).toMatchObject({ code: 1, out: '' });
  expect(without.error).toContain('control.sock: there is no such socket: start the server');

  const first = railhead(['tokens', 'create', '--local', '--name', 'anna', '--role', 'admin']);
  expect(first).toMatchObject({ code: 0, error: expect.stringContaining('it is shown only now') as string });
  expect(first.out).toMatch(/^rht_[0-9a-z]{12}_[\w-]{43}\n$/);
  expect(statSync(path.join(folder, 'data/operator.pepper')).mode & 0o777).toBe(0o600);

  const origin = await serve();
  const anna = { RAILHEAD_URL: origin, RAILHEAD_TOKEN: first.out.trim() };
  const taken = railhead(['tokens', 'create', '--local', '--name', 'anna', '--role', 'viewer']);
  expect(taken).toMatchObject({
    code: 1,
    error: expect.stringContaining('there is a token of the name anna') as string,
  });

  const more = [
    '--name',
    'netbox',
    '--role',
    'inventory',
    '--expires',
    '90d',
    '--network',
    '127.0.0.0/8',
    '--inventory',
    'netbox',
  ];
  const second = railhead(['tokens', 'create', '--json', ...more], anna);
  expect(JSON.parse(second.out)).toMatchObject({
    name: 'netbox',
    created_by: 'token:anna',
    networks: ['127.0.0.0/8'],
    inventories: ['netbox'],
  });

  const listed = railhead(['tokens', 'list'], anna).out.split('\n');
  expect(listed[0]).toMatch(/^NAME +ROLE +ID +EXPIRES +LAST USED$/);
  expect(listed[1]).toMatch(/^anna +admin +\w{12} +never +20\S+ from 127\.0\.0\.1$/);
  expect(listed[2]).toMatch(/^netbox +inventory +\w{12} +20\S+ +never$/);

  const { token } = JSON.parse(second.out) as { token: string };
  const netbox = { RAILHEAD_URL: origin, RAILHEAD_TOKEN: token };
  expect(railhead(['machines', 'list'], netbox).code).toBe(0);
  const denied = railhead(['tokens', 'list'], netbox);
  expect(denied).toMatchObject({
    code: 1,
    error:
      'token:netbox lacks the permission tokens:manage\nUse a token whose role has the permission that the detail names.\n',
  });
  expect(railhead(['tokens', 'revoke', 'netbox', 'nobody'], anna)).toMatchObject({
    code: 1,
    out: 'netbox: revoked\n',
    error: 'nobody: there is no token nobody\n',
  });
  expect(railhead(['machines', 'list'], netbox).error).toContain('the request has no valid token');
}, 60_000);

test('contexts remember servers and their tokens, and nobody else can read them', async () => {
  const origin = await serve();
  const token = path.join(folder, 'data/operator.token');
  expect(railhead(['context', 'set', 'here', '--url', origin, '--token-file', token]).code).toBe(0);
  expect(
    railhead(['context', 'set', 'gone', '--url', 'http://127.0.0.1:1', '--token-file', token]).code,
  ).toBe(0);
  const file = path.join(folder, 'home/railhead/contexts.yaml');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readFileSync(file, 'utf8')).toContain('current: here');
  expect(railhead(['context', 'list']).out).toBe(
    `   NAME  URL\n*  here  ${origin}\n   gone  http://127.0.0.1:1\n`,
  );
  expect(railhead(['machines', 'list']).code).toBe(0);
  expect(railhead(['machines', 'list', '--context', 'gone'])).toMatchObject({
    code: 1,
    error: 'http://127.0.0.1:1: nobody answers: is the server running, and is this its operator.listen?\n',
  });
  expect(railhead(['machines', 'list', '--context', 'other']).error).toContain(
    'has no context other; it has here, gone',
  );
  expect(railhead(['context', 'use', 'gone']).code).toBe(0);
  expect(railhead(['machines', 'list']).code).toBe(1);
  // The options and the environment come before the context.
  expect(railhead(['machines', 'list', '--url', origin, '--token-file', token]).code).toBe(0);
  expect(railhead(['machines', 'list', '--config', 'railhead.yaml']).code).toBe(0);
  expect(railhead(['context', 'remove', 'gone']).code).toBe(0);
  expect(railhead(['context', 'remove', 'gone']).error).toContain('there is no context gone');
  chmodSync(file, 0o644);
  expect(railhead(['machines', 'list'])).toMatchObject({
    code: 1,
    error: `${file} holds tokens, and others can read it: run chmod 600 ${file}\n`,
  });
}, 60_000);

test.each([
  [['machines', 'list', '--url', 'http://127.0.0.1:1'], {}, 'a token for http://127.0.0.1:1 is needed'],
  [
    ['machines', 'list', '--url', 'railhead.example.com'],
    { RAILHEAD_TOKEN: 'x' },
    'is not the address of a server',
  ],
  [['machines', 'list', '--url', 'http://a/b'], { RAILHEAD_TOKEN: 'x' }, 'is not the address of a server'],
  [
    ['machines', 'list', '--url', 'http://127.0.0.1:1', '--token-file', 'none'],
    {},
    '--token-file: none cannot be read',
  ],
  [['tokens', 'create', '--name', 'a', '--role', 'emperor'], {}, 'Allowed choices are viewer, auditor'],
  [['tokens', 'create', '--name', 'a', '--role', 'viewer', '--expires', 'soon'], {}, 'Write it as 12h, 90d'],
])('%j with %j says what is wrong', (words, environment, message) => {
  const { code, error, out } = railhead(words, environment);
  expect(error).toContain(message);
  expect([out, code === 0]).toEqual(['', false]);
});
