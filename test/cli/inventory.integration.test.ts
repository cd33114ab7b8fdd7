import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FakeNetBox, someDevice, someInterface } from '../netbox/fake-netbox.ts';
import { PROGRAM } from '../support/program.ts';

const SETTINGS = [
  'catalog: {dir: .}',
  'http: {listen: ["127.0.0.1:0"]}',
  'operator: {listen: null}',
  'tftp: {enabled: false}',
  'store: {file: data/railhead.db}',
].join('\n');

let folder: string;
let server: ChildProcess;
const netbox = new FakeNetBox();
let url: string;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'railhead-'));
  mkdirSync(path.join(folder, 'groups'));
  writeFileSync(path.join(folder, 'railhead.yaml'), SETTINGS);
  writeFileSync(path.join(folder, 'netbox.token'), 'secret-of-netbox\n');
  url = (await netbox.start()).origin;
  netbox.devices = [someDevice(1), someDevice(2), someDevice(3)];
  netbox.interfaces = [someInterface(1, 1, '52:54:00:00:00:01'), someInterface(2, 2, '52:54:00:00:00:02')];
  server = spawn(process.execPath, [PROGRAM, 'serve'], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: server.stdout! })) {
    if ((JSON.parse(line) as { msg: string }).msg === 'railhead is ready') break;
  }
  server.stdout!.resume();
}, 60_000);
afterAll(async () => {
  server.kill('SIGKILL');
  await netbox.stop();
  rmSync(folder, { recursive: true });
});

function railhead(...words: readonly string[]): Promise<{ out: string; error: string; code: number }> {
  const env = { PATH: process.env['PATH'], XDG_CONFIG_HOME: '/nonexistent' };
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [PROGRAM, 'inventory', ...words],
      { cwd: folder, env },
      (_error, out, error) => resolve({ out, error, code: child.exitCode ?? -1 }),
    );
  });
}
const sync = (...more: readonly string[]) =>
  railhead('sync', 'netbox', '--netbox-url', url, '--netbox-token-file', 'netbox.token', ...more);

test('devices of NetBox become machines, and what would change can be looked at first', async () => {
  const wanted =
    '2 added, 0 changed, 0 removed, 0 unchanged\n  + node1\n  + node2\n  skipped node3: no enabled interface has a MAC address\n';
  expect(await sync('--dry-run')).toEqual({ code: 0, error: '', out: `would change: ${wanted}` });
  expect(await sync('--write-state', 'railhead_state')).toEqual({
    code: 0,
    error: '',
    out: `${wanted}2 devices were written back\n`,
  });
  expect(JSON.parse((await sync('--json')).out)).toMatchObject({ changes: { unchanged: 2 }, written: 0 });
});

test('an inventory is replaced by a file', async () => {
  const file = path.join(folder, 'set.json');
  writeFileSync(file, '{"machines": [{"id": "a", "mac": "52:54:00:00:01:01"}]}');
  expect(await railhead('put', 'cmdb', 'set.json')).toMatchObject({
    code: 0,
    out: '1 added, 0 changed, 0 removed, 0 unchanged\n  + a\n',
  });
  writeFileSync(file, '{"machines": [{"id": "a", "mac": "zz"}, {"id": "b", "colour": "red"}]}');
  const refused = await railhead('put', 'cmdb', 'set.json');
  expect(refused).toMatchObject({ code: 1, out: '' });
  expect(refused.error).toMatch(
    /^the set has 2 faults, and changes nothing\n {2}a: mac.*\n {2}b: .*unknown key "colour"/,
  );
  expect((await railhead('put', 'cmdb', 'none.json')).error).toContain('none.json: ENOENT');
});

test.each([
  [['sync', 'netbox', '--netbox-url', 'netbox'], '--netbox-url: netbox is not the address of a server'],
  [['sync', 'netbox', '--netbox-url', 'http://127.0.0.1:9'], 'a token of NetBox is needed: set NETBOX_TOKEN'],
  [
    ['sync', 'netbox', '--netbox-url', 'http://x', '--netbox-token-file', 'none'],
    '--netbox-token-file: none cannot be read',
  ],
  [['sync', 'netbox', '--netbox-url', 'http://x', '--interval', 'often'], 'Write it as 30s, 5m or 1h.'],
])('%j says what is wrong', async (words, message) => {
  const { code, error } = await railhead(...words);
  expect(error).toContain(message);
  expect(code).not.toBe(0);
});

test('a NetBox that refuses the token changes nothing', async () => {
  writeFileSync(path.join(folder, 'wrong.token'), 'wrong\n');
  const refused = await railhead('sync', 'netbox', '--netbox-url', url, '--netbox-token-file', 'wrong.token');
  expect(refused).toMatchObject({
    code: 1,
    out: '',
    error: expect.stringContaining('NetBox does not know it') as string,
  });
  expect(JSON.parse((await sync('--json')).out)).toMatchObject({ changes: { unchanged: 2 } });
});
