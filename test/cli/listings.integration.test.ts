import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PROGRAM } from '../support/program.ts';

const SETTINGS = [
  'catalog: {dir: .}',
  'http: {listen: ["127.0.0.1:0"]}',
  'operator: {listen: "127.0.0.1:0"}',
  'tftp: {enabled: false}',
  'store: {file: data/railhead.db}',
  'networks: [{id: rack1, cidr: 10.0.1.0/24, mode: full, pools: [10.0.1.100-10.0.1.199]}]',
  'served_networks: [127.0.0.0/8]',
].join('\n');

let folder: string;
let server: ChildProcess;
let boot: string;

/** Starts the server in the folder, on the ports of before. */
async function serve(): Promise<void> {
  server = spawn(process.execPath, [PROGRAM, 'serve'], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: server.stdout! })) {
    const entry = JSON.parse(line) as { msg: string; http?: string[] };
    if (entry.msg !== 'railhead is ready') continue;
    boot = `http://${entry.http?.[0]}`;
    server.stdout!.resume();
    return;
  }
  throw new Error('the server ended');
}

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'railhead-'));
  const write = (name: string, text: string): void => {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  };
  write('railhead.yaml', SETTINGS);
  write('profiles/p.yaml', 'id: p\nboot: {kernel: /assets/k}\nignition: p.ign\n');
  write('profiles/p.ign', '{"ignition":{"version":"3.4.0"}}');
  write('groups/g.yaml', 'id: g\nprofile: p\nselector: {rack: "1"}\n');
  write('machines/m.yaml', 'id: node1\nmac: 52:54:00:00:00:01\nlabels: {rack: "1"}\n');
  write('assets/k', 'kernel');
  await serve();
  await (await fetch(`${boot}/ipxe?mac=52:54:00:00:00:01`)).text();
}, 60_000);
afterAll(() => {
  server.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

const env = { PATH: process.env['PATH'], XDG_CONFIG_HOME: '/nonexistent' };
function railhead(...words: readonly string[]): { out: string; error: string; code: number | null } {
  const { status, stderr, stdout } = spawnSync(process.execPath, [PROGRAM, ...words], {
    cwd: folder,
    encoding: 'utf8',
    env,
  });
  return { out: stdout, error: stderr, code: status };
}

test.each([
  [['groups', 'list'], 'ID  PROFILE  PRIORITY  SELECTOR  PROBLEM\ng   p        0         rack in 1  -\n'],
  [['profiles', 'list'], 'ID  FOR   GROUPS  PROBLEM\np   live  g       -\n'],
  [['templates', 'list'], 'NAME   PROFILES\np.ign  p\n'],
  [['assets', 'list'], 'PATH  BYTES  PROFILES\nk     6      p\n'],
  [
    ['networks', 'list'],
    'ID     NETWORK      MODE  POOL  LEASED  OTHER SERVERS\nrack1  10.0.1.0/24  full  100   0       0\n',
  ],
  [['leases', 'list'], 'ADDRESS  STATE  MAC  MACHINE  HOSTNAME  EXPIRES\n'],
  [['inventories', 'list'], 'NAME  MACHINES  REPLACED  BY\n'],
  [['operations', 'list'], 'CREATED  VERB  STATE  MACHINES  DONE  FAILED  ID\n'],
])('%j prints a table', (words, table) => {
  const { code, error, out } = railhead(...words);
  expect([code, error]).toEqual([0, '']);
  // The words of a requirement are tested elsewhere.
  const plain = (text: string): string =>
    text.replaceAll(/ +/g, ' ').replace(/rack \S+ ?\S* -/, 'rack in 1 -');
  expect(plain(out)).toBe(plain(table));
});

test('one thing is shown in full, and one that is not there is an error', () => {
  expect(railhead('groups', 'show', 'g').out).toContain('profile: p\n');
  expect(JSON.parse(railhead('profiles', 'show', 'p', '--json').out)).toMatchObject({
    id: 'p',
    groups: ['g'],
  });
  expect(railhead('groups', 'show', 'nobody')).toEqual({
    out: '',
    error: 'there is no group nobody\n',
    code: 1,
  });
});

test('lists that are long come page by page, and as JSON', () => {
  const items = JSON.parse(railhead('transitions', 'list', '--json', '--machine', 'node1').out) as {
    kind: string;
  }[];
  expect(items.map(({ kind }) => kind)).toContain('machine.declared');
  expect((JSON.parse(railhead('transitions', 'list', '--json', '--limit', '1').out) as object[]).length).toBe(
    1,
  );
  expect(railhead('leases', 'list', '--state', 'purple')).toMatchObject({
    code: 1,
    error: expect.stringContaining('state') as string,
  });
  expect(railhead('leases', 'list', '--limit', 'all').code).toBe(2);
});

test('the catalog is shown and read again; a problem makes the command fail', () => {
  expect(railhead('catalog', 'show')).toMatchObject({
    code: 0,
    out: expect.stringContaining('ok       Valid') as string,
  });
  writeFileSync(path.join(folder, 'groups/h.yaml'), 'id: h\nprofile: missing\nselector: {rack: "2"}\n');
  const broken = railhead('catalog', 'reload');
  expect(broken.code).toBe(1);
  expect(broken.out).toMatch(/^PROBLEM {2}Valid: the files have a problem$/m);
  expect(broken.out).toMatch(/^problem {2}groups\/h\.yaml:2:\d+: .*missing/m);
  rmSync(path.join(folder, 'groups/h.yaml'));
  expect(railhead('catalog', 'reload').code).toBe(0);
});

test('events are printed, followed, and go on after a restart of the server', async () => {
  expect(railhead('events').out).toMatch(/^20\S+ {2}node1 +ipxe\.sent +iPXE script of profile p/m);
  expect(railhead('audit').code).toBe(0);
  const follower = spawn(process.execPath, [PROGRAM, 'events', '--follow', '--limit', '1'], {
    cwd: folder,
    env,
  });
  let [out, error] = ['', ''];
  follower.stdout.setEncoding('utf8').on('data', (text) => (out += String(text)));
  follower.stderr.setEncoding('utf8').on('data', (text) => (error += String(text)));
  const until = (find: () => boolean) => expect.poll(find, { timeout: 20_000 }).toBe(true);
  await until(() => out.includes('\n'));
  railhead('machines', 'hold', 'node1');
  await until(() => out.includes('life.hold'));
  server.kill('SIGTERM');
  await once(server, 'exit');
  await until(() => error.includes('the connection is lost; trying again'));
  await serve();
  railhead('machines', 'release', 'node1');
  await until(() => out.includes('life.release'));
  expect(error).toContain('connected again');
  expect(out.match(/life\.hold/g)).toHaveLength(1);
  follower.kill('SIGINT');
  await once(follower, 'exit');
}, 90_000);
