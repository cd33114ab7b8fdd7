import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openSqliteEvents, openSqliteStore } from '../../../src/store/sqlite/sqlite-store.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'railhead-lock-'));
  file = path.join(folder, 'railhead.db');
});
afterEach(() => rmSync(folder, { recursive: true }));

const open = (at = file) => openSqliteStore({ file: at, synchronous: 'full' });

/** Another process that has the database, in its own PID namespace if one can be created. */
async function holder(): Promise<{ pid: number; kill: () => Promise<void> }> {
  const module = path.resolve(import.meta.dirname, '../../../dist/store/sqlite/sqlite-store.js');
  const script = `
    const { openSqliteStore } = await import(${JSON.stringify(module)});
    await openSqliteStore({ file: ${JSON.stringify(file)}, synchronous: 'full' });
    console.log('has it', process.pid);
    setInterval(() => undefined, 1000);`;
  const node = [process.execPath, '--input-type=module', '-e', script];
  const asRoot = process.getuid?.() === 0;
  const [command = '', ...args] = asRoot ? ['unshare', '--pid', '--fork', '--kill-child', ...node] : node;
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  return { pid: Number(line.split(' ')[2]), kill };
}

test('a database that another process has is refused, naming that process; when it is killed, nothing is left behind', async () => {
  const other = await holder();
  const refused = open();
  await expect(refused).rejects.toThrow(`open the store ${file}: it is in use by process ${other.pid} (`);
  await expect(refused).rejects.toThrow(` on ${hostname()}, since 20`);
  await expect(refused).rejects.toThrow('; stop that one, or give this one a database of its own');
  await other.kill();
  await (await open()).close();
});

test('one process cannot open it twice, by whatever name', async () => {
  const store = await open();
  const link = path.join(folder, 'link.db');
  symlinkSync(file, link);
  await expect(open()).rejects.toThrow('it is in use by process');
  await expect(open(link)).rejects.toThrow('it is in use by process');
  await store.close();
  await (await open(link)).close();
});

test('readers, backups and other databases are not affected by the lock', async () => {
  const store = await open();
  await store.events.appendEvents([
    { sessionId: 's', at: new Date(5), kind: 'dhcp.ack', summary: 'leased', detail: {} },
  ]);
  const reader = openSqliteEvents(file);
  expect(await reader.events.listEvents({ limit: 1 })).toHaveLength(1);
  await reader.close();
  const source = new Database(file, { readonly: true });
  await source.backup(path.join(folder, 'copy.db'));
  source.close();
  await (await open(path.join(folder, 'copy.db'))).close();
  await (await open(path.join(folder, 'other.db'))).close();
  await store.close();
});

test('a database in memory has no lock', async () => {
  const [one, other] = [await open(':memory:'), await open(':memory:')];
  await one.close();
  await other.close();
});

test('a copy of a running database can be opened, although the original is in use', async () => {
  const store = await open();
  const copy = path.join(folder, 'copied.db');
  copyFileSync(file, copy);
  await (await open(copy)).close();
  await store.close();
});
