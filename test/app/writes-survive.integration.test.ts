import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, test } from 'vitest';
import { PostgresServer } from '../support/postgres-server.ts';
import { PROGRAM } from '../support/program.ts';

// The process is killed in the middle of writes: what it has acknowledged must be there, with its entry of the audit.

const KILLS = 3;
const children: ChildProcess[] = [];
const folders: string[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function makeFolder(store: string): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'railhead-'));
  folders.push(folder);
  mkdirSync(path.join(folder, 'groups'));
  const lines = [
    'catalog: {dir: .}',
    'http: {listen: ["127.0.0.1:0"]}',
    'operator: {listen: "127.0.0.1:0"}',
    'tftp: {enabled: false}',
    `store: ${store}`,
  ];
  writeFileSync(path.join(folder, 'railhead.yaml'), lines.join('\n'));
  return folder;
}

async function serve(folder: string): Promise<{
  child: ChildProcess;
  ask: (method: string, place: string, body?: object) => Promise<Response>;
}> {
  const child = spawn(process.execPath, [PROGRAM, 'serve'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  for await (const line of createInterface({ input: child.stdout })) {
    const entry = JSON.parse(line) as { msg: string; operator?: string; token_file?: string };
    if (entry.msg !== 'railhead is ready') continue;
    child.stdout.resume();
    const token = readFileSync(path.resolve(folder, entry.token_file!), 'utf8').trim();
    const ask = (method: string, place: string, body?: object) =>
      fetch(`http://${entry.operator}/api/v1${place}`, {
        method,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
    return { child, ask };
  }
  throw new Error('the server ended');
}

const mac = (index: number): string =>
  `02:00:00:00:${(index >> 8).toString(16).padStart(2, '0')}:${(index & 255).toString(16).padStart(2, '0')}`;

/** Everything of a list. */
async function all<T>(
  ask: (method: string, place: string) => Promise<Response>,
  place: string,
): Promise<T[]> {
  const items: T[] = [];
  for (let cursor = ''; ;) {
    const page = (await (await ask('GET', `${place}&limit=1000${cursor}`)).json()) as {
      items: T[];
      next_cursor: string | null;
    };
    items.push(...page.items);
    if (page.next_cursor === null) return items;
    cursor = `&cursor=${page.next_cursor}`;
  }
}

async function writeUntilKilled(folder: string, from: number): Promise<string[]> {
  const { ask, child } = await serve(folder);
  const acknowledged: string[] = [];
  let next = from;
  const writer = async (): Promise<void> => {
    for (;;) {
      const index = next++;
      const id = `n${index}`;
      const response = await ask('POST', '/machines', { id, mac: mac(index) });
      if (response.status === 201) acknowledged.push(id);
      if (acknowledged.length === 60) child.kill('SIGKILL');
    }
  };
  await Promise.all(Array.from({ length: 8 }, () => writer().catch(() => undefined)));
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return acknowledged;
}

async function checkSurvival(folder: string): Promise<void> {
  const acknowledged: string[] = [];
  for (let round = 0; round < KILLS; round++)
    acknowledged.push(...(await writeUntilKilled(folder, round * 1000)));
  expect(acknowledged.length).toBeGreaterThanOrEqual(60 * KILLS);
  const { ask } = await serve(folder);
  const machines = new Set((await all<{ id: string }>(ask, '/machines?fields=id')).map(({ id }) => id));
  const audited = new Set(
    (await all<{ target: string }>(ask, '/audit?verb=create')).map(({ target }) => target),
  );
  expect(acknowledged.filter((id) => !machines.has(id))).toEqual([]);
  // Each machine with its entry, and no entry without its machine.
  expect([...audited].sort()).toEqual([...machines].sort());
}

describe('every acknowledged write is there after a kill, with its entry of the audit', () => {
  test('on SQLite', async () => {
    await checkSurvival(makeFolder('{file: data/railhead.db}'));
  }, 120_000);

  test('on PostgreSQL', async () => {
    const server = await PostgresServer.start();
    try {
      await checkSurvival(makeFolder(`{url: "${await server.createDatabase()}"}`));
    } finally {
      for (const child of children.splice(0)) child.kill('SIGKILL');
      await server.remove();
    }
  }, 180_000);
});
