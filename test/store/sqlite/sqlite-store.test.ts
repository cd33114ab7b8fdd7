import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { Kysely, SqliteDialect } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EventStore } from '../../../src/store/event-store.ts';
import { SQLITE_MIGRATIONS } from '../../../src/store/sqlite/migrations/migrations.ts';
import { openSqlite, withoutSync } from '../../../src/store/sqlite/sqlite-connection.ts';
import { completeStore } from '../../../src/store/open-store.ts';
import { openSqliteEvents, openSqliteStore } from '../../../src/store/sqlite/sqlite-store.ts';
import { describeStore } from '../../contract/store.ts';
import { emptyDatabase } from './empty-database.ts';
import {
  AFTER_DISCOVERED_TRANSITIONS,
  BEFORE_DISCOVERED_TRANSITIONS,
  migrateBeforeDiscoveredTransitions,
  readDiscoveredTransitions,
} from '../discovered-transitions.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'railhead-store-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

let places = 0;
const newFile = (): string => path.join(folder, `${++places}`, 'railhead.db');

const settings = (file: string) => ({ file, synchronous: 'normal' }) as const;

describeStore('SQLite', () => {
  const file = newFile();
  const remove = (): void => rmSync(path.dirname(file), { recursive: true });
  return {
    open: async () => completeStore(await openSqliteStore(settings(file))),
    reset: () => emptyDatabase(file),
    remove,
  };
});

describe('reading the database of another process', () => {
  const event = { at: new Date(5), kind: 'dhcp.ack', sessionId: 's', summary: 'leased', detail: {} } as const;

  test('shows what is written meanwhile, and writes nothing', async () => {
    const file = newFile();
    const writer = await openSqliteStore(settings(file));
    const reader = openSqliteEvents(file);
    await writer.events.appendEvents([event]);
    expect(await reader.events.listEvents({ limit: 9 })).toMatchObject([{ summary: 'leased' }]);
    await expect((reader.events as EventStore).appendEvents([event])).rejects.toThrow('readonly');
    await reader.close();
    await writer.close();
  });

  test('neither creates nor migrates it: a missing one or another version is reported', () => {
    const file = newFile();
    expect(() => openSqliteEvents(file)).toThrow(`read the store ${file}: `);
    const [older, text] = [newFile(), newFile()];
    for (const each of [older, text]) mkdirSync(path.dirname(each), { recursive: true });
    new Database(older).exec('create table leases (address integer primary key)').close();
    expect(() => openSqliteEvents(older)).toThrow(/use the version of Railhead that serves from it/);
    writeFileSync(text, 'this is a letter'.repeat(100));
    expect(() => openSqliteEvents(text)).toThrow(`read the store ${text}: `);
  });
});

describe('the database file', () => {
  test('its tables are those of schema.sqlite.sql; `vitest -u` writes that file anew', async () => {
    const { database, tables } = await openSqlite(settings(':memory:'));
    const statements = database
      .prepare(
        "select sql from sqlite_master where sql is not null and name not like 'sqlite_%' and name not like 'kysely_%' order by name",
      )
      .pluck()
      .all() as string[];
    await tables.destroy();
    const readable = statements.map((sql) =>
      sql.startsWith('CREATE TABLE') || sql.startsWith('create table')
        ? sql
            .replace('(', '(\n  ')
            .replaceAll(/, (?="\w+" (text|integer|blob)|constraint)/g, ',\n  ')
            .replace(/\)( without rowid)?$/, '\n)$1')
        : sql,
    );
    await expect(`${readable.join(';\n')};\n`).toMatchFileSnapshot('../../../src/store/schema.sqlite.sql');
  });

  test('gets the transitions of machines that an earlier version discovered', async () => {
    const file = newFile();
    mkdirSync(path.dirname(file));
    const database = new Database(file);
    const tables = new Kysely<unknown>({ dialect: new SqliteDialect({ database }) });
    await migrateBeforeDiscoveredTransitions(tables, SQLITE_MIGRATIONS);
    for (const statement of BEFORE_DISCOVERED_TRANSITIONS) {
      database.exec(statement.replaceAll(/timestamptz '1970-01-01 00:00:0(\d)Z'/g, '$1000'));
    }
    await tables.destroy();
    const store = await openSqliteStore(settings(file));
    expect(await readDiscoveredTransitions(store)).toEqual(AFTER_DISCOVERED_TRANSITIONS);
    await store.close();
  });

  test('can be opened any number of times', async () => {
    const file = newFile();
    for (let count = 0; count < 3; count++) await (await openSqliteStore(settings(file))).close();
    const database = new Database(file);
    expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
    database.close();
  });

  test.each([
    ['full', 2],
    ['normal', 1],
  ] as const)('is written with synchronous %s, and a write-ahead log', async (synchronous, level) => {
    const { database, tables } = await openSqlite({ file: newFile(), synchronous });
    expect(database.pragma('synchronous', { simple: true })).toBe(level);
    expect(database.pragma('journal_mode', { simple: true })).toBe('wal');
    await tables.destroy();
  });

  test('waits for the disk again after work that did not, failed or not', async () => {
    const { database, tables } = await openSqlite({ file: newFile(), synchronous: 'full' });
    const level = (): unknown => database.pragma('synchronous', { simple: true });
    withoutSync(database, () => expect(level()).toBe(1));
    expect(level()).toBe(2);
    const broken = (): void => {
      throw new Error('broken');
    };
    expect(() => withoutSync(database, broken)).toThrow('broken');
    expect(level()).toBe(2);
    await tables.destroy();
  });

  test('that is not a database is reported, and not changed', async () => {
    const file = path.join(folder, 'notes.txt');
    const text = 'not a database, but long enough to be looked at as one\n'.repeat(40);
    writeFileSync(file, text);
    await expect(openSqliteStore(settings(file))).rejects.toThrow(
      `open the store ${file}: it is not an SQLite database; move it away, or name another file`,
    );
    expect(readFileSync(file, 'utf8')).toBe(text);
  });

  test('that is a folder, or is below a file, is reported', async () => {
    await expect(openSqliteStore(settings(folder))).rejects.toThrow(`open the store ${folder}: `);
    const below = path.join(folder, 'notes.txt', 'railhead.db');
    await expect(openSqliteStore(settings(below))).rejects.toThrow(`open the store ${below}: `);
  });

  test('of a newer version is refused', async () => {
    const file = newFile();
    await (await openSqliteStore(settings(file))).close();
    const database = new Database(file);
    database.exec("insert into kysely_migration values ('9999-future', '2030-01-01')");
    database.close();
    await expect(openSqliteStore(settings(file))).rejects.toThrow(
      'a newer version of Railhead wrote it (migration 9999-future)',
    );
  });
});
