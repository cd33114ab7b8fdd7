import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { completeStore } from '../../../src/store/open-store.ts';
import { openThreadedSqlite } from '../../../src/store/sqlite/threaded-sqlite.ts';
import { describeStore } from '../../contract/store.ts';
import { emptyDatabase } from './empty-database.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'railhead-store-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

let places = 0;
const newFile = (): string => path.join(folder, `${++places}`, 'railhead.db');

const settings = (file: string) => ({ file, synchronous: 'normal' }) as const;

describeStore('SQLite in a thread', () => {
  const file = newFile();
  const remove = (): void => rmSync(path.dirname(file), { recursive: true });
  return {
    open: async () => completeStore(await openThreadedSqlite(settings(file))),
    reset: () => emptyDatabase(file),
    remove,
  };
});

describe('in a thread', () => {
  test('it behaves the same, and its errors arrive', async () => {
    const file = newFile();
    const store = await openThreadedSqlite(settings(file));
    await store.events.appendEvents([
      { sessionId: 's', at: new Date(7), kind: 'dhcp.ack', summary: 'a', detail: { b: [1] } },
    ]);
    expect(await store.events.listEvents({ limit: 1 })).toEqual([
      { id: 1, sessionId: 's', at: new Date(7), kind: 'dhcp.ack', summary: 'a', detail: { b: [1] } },
    ]);
    const broken = { kind: 'put', lease: { address: '10.0.0.1' } } as never;
    await expect(store.leases.commitLeases([broken])).rejects.toThrow('NOT NULL');
    await store.close();
    await expect(store.leases.loadLeases()).rejects.toThrow('the store is closed');
  });

  test('a database that cannot be opened is reported as without a thread', async () => {
    await expect(openThreadedSqlite(settings(folder))).rejects.toThrow(`open the store ${folder}: `);
  });
});
