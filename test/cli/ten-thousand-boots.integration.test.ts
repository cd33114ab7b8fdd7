import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PROGRAM } from '../support/program.ts';

// Ten thousand machines boot at once, half of them in memory. The others are to be installed; a hundred of them are
// armed while all boot. No answer may disagree with the state of its machine.

const MACHINES = 10_000;
const ARMED = 100;
const CONNECTIONS = 100;

const SETTINGS = `
catalog: {dir: ., watch: false}
http: {listen: ["127.0.0.1:0"]}
operator: {listen: null}
tftp: {enabled: false}
store: {file: data/railhead.db}
served_networks: [127.0.0.0/8]
`;

let folder: string;
let child: ChildProcess | undefined;
let agent: Agent;

const isInstalled = (index: number): boolean => index % 2 === 1;
/** Every hundredth: 1, 101, 201, ... */
const isArmed = (index: number): boolean => index % (MACHINES / ARMED) === 1;
const macOf = (index: number): string => `5254${(0x1000_0000 + index).toString(16)}`;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'railhead-10000-'));
  agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const write = (name: string, text: string): void => {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  };
  write('railhead.yaml', SETTINGS);
  const profile = 'boot: {kernel: /k, args: ["u={{ignition_url}}"]}\nignition: p.ign\n';
  write('profiles/p.yaml', `id: live\n${profile}---\nid: disk\n${profile}lifecycle: install\n`);
  write('profiles/p.ign', '{"ignition":{"version":"3.4.0"}}');
  write(
    'groups/g.yaml',
    'id: live\nprofile: live\nselector: {role: live}\n---\nid: disk\nprofile: disk\nselector: {role: disk}\n',
  );
  const records = Array.from(
    { length: MACHINES },
    (_, index) =>
      `id: node${index}\nmac: "${macOf(index)}"\nlabels: {role: ${isInstalled(index) ? 'disk' : 'live'}}\n`,
  );
  write('machines/m.yaml', records.join('---\n'));
});

afterEach(() => {
  agent.destroy();
  child?.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

async function serve(): Promise<string> {
  child = spawn(process.execPath, [PROGRAM, 'serve'], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: child.stdout! })) {
    const entry = JSON.parse(line) as { msg: string; http?: string[] };
    if (entry.msg !== 'railhead is ready') continue;
    child.stdout?.resume();
    return `http://${entry.http?.[0]}`;
  }
  throw new Error('the server ended');
}

function get(url: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    request(url, { agent }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (part: string) => (body += part));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    })
      .on('error', reject)
      .end();
  });
}

function machines(...words: readonly string[]): string {
  const { status, stderr, stdout } = spawnSync(process.execPath, [PROGRAM, 'machines', ...words], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

/** What a machine does at a start: it asks for its script, and then for what the script names. */
async function boot(origin: string, index: number): Promise<'installs' | 'live' | 'local'> {
  const script = await get(`${origin}/ipxe?mac=${macOf(index)}`);
  expect(script.status).toBe(200);
  const [, url] = /u=(\S+)/.exec(script.body) ?? [];
  const config = await get(url ?? `${origin}/ignition?mac=${macOf(index)}`);
  if (url === undefined) {
    expect(script.body).toContain(`machine node${index} is not armed`);
    expect(config.status).toBe(503);
    // It may have been armed between the two answers.
    const why = isArmed(index) ? /is not armed|has not got its boot script yet/ : /is not armed/;
    expect(config.body).toMatch(why);
    return 'local';
  }
  expect(script.body).toContain('kernel /k');
  expect(config.status).toBe(200);
  return isInstalled(index) ? 'installs' : 'live';
}

test('every answer agrees with the state of its machine', { timeout: 300_000 }, async () => {
  const origin = await serve();
  const armed = Array.from({ length: MACHINES }, (_, index) => index).filter(isArmed);
  expect(armed).toHaveLength(ARMED);
  // The first half is armed before they boot, the second while they do.
  const ids = armed.map((index) => `node${index}`);
  machines('arm', ...ids.slice(0, ARMED / 2));

  const firsts = Array.from({ length: MACHINES }, (_, index) => boot(origin, index));
  const arming = new Promise<void>((resolve, reject) => {
    const command = spawn(process.execPath, [PROGRAM, 'machines', 'arm', ...ids.slice(ARMED / 2)], {
      cwd: folder,
    });
    command.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`arm ended with ${code}`))));
  });
  const [outcomes] = await Promise.all([Promise.all(firsts), arming]);
  for (const [index, outcome] of outcomes.entries()) {
    if (!isInstalled(index)) expect(outcome).toBe('live');
    else if (!isArmed(index)) expect(outcome).toBe('local');
    else if (armed.indexOf(index) < ARMED / 2) expect(outcome).toBe('installs');
  }
  // Who was armed too late to see it asks again.
  const late = armed.filter((index) => outcomes[index] === 'local');
  for (const index of late) expect(await boot(origin, index)).toBe('installs');

  const list = JSON.parse(machines('list', '--json')) as { id: string; state: string }[];
  expect(list).toHaveLength(MACHINES);
  const expected = (index: number): string => {
    if (!isInstalled(index)) return 'live';
    return isArmed(index) ? 'installing' : 'ready';
  };
  const wrong = list.filter(({ id, state }) => state !== expected(Number(id.slice('node'.length))));
  expect(wrong).toEqual([]);
});
