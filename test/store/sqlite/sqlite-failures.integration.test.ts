import { execFileSync } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Ipv4Address } from '../../../src/protocol/ipv4-address.ts';
import type { LeaseChange } from '../../../src/provision/dhcp/leases/lease.ts';
import type { NewBootEvent } from '../../../src/store/event-store.ts';
import type { MachineChange } from '../../../src/store/machine-store.ts';
import { describeSqliteError } from '../../../src/store/sqlite/sqlite-errors.ts';
import { openSqliteStore } from '../../../src/store/sqlite/sqlite-store.ts';
import { openThreadedSqlite } from '../../../src/store/sqlite/threaded-sqlite.ts';
import { StoreError } from '../../../src/store/store-error.ts';
import { canMount, fillDisk } from '../../support/full-disk.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'railhead-failures-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const put = (index: number): LeaseChange => ({
  kind: 'put',
  lease: {
    address: `10.0.${index >> 8}.${index & 255}` as Ipv4Address,
    subnetId: 'rack1',
    clientKey: `mac:${index}`,
    chaddr: '52:54:00:00:00:01',
    state: 'bound',
    boundAt: 0,
    expiresAt: 1,
  },
});
const event = (summary: string): NewBootEvent => ({
  sessionId: 's',
  at: new Date(5),
  kind: 'machine.report',
  summary,
  detail: {},
});

const declared = (id: string): MachineChange => ({
  kind: 'put',
  machine: { source: 'files', id, record: { text: 'x'.repeat(4_000) } },
  transition: { at: new Date(0), machineId: id, kind: 'machine.declared', source: 'files', detail: {} },
  adopts: { macs: [], uuids: [], serials: [] },
});

const codes = (code: string): Error => Object.assign(new Error('what SQLite says'), { code });

test.each([
  ['SQLITE_FULL', 'full'],
  ['ENOSPC', 'full'],
  ['SQLITE_CORRUPT_INDEX', 'damaged'],
  ['SQLITE_NOTADB', 'damaged'],
  ['SQLITE_IOERR_WRITE', 'disk'],
])('%s is reported as %s', (code, failure) => {
  const described = describeSqliteError(codes(code), path.join(folder, 'railhead.db'));
  expect(described).toMatchObject({ name: 'StoreError', failure });
});

test('other errors are returned unchanged', () => {
  const error = codes('SQLITE_CONSTRAINT_NOTNULL');
  expect(describeSqliteError(error, 'railhead.db')).toBe(error);
});

describe.skipIf(!canMount)('a full disk', () => {
  let disk: string;
  beforeEach(() => {
    disk = path.join(folder, 'disk');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk]);
  });
  afterEach(() => {
    execFileSync('umount', [disk]);
  });

  test('is reported, loses nothing that was stored, and is over when there is space again', async () => {
    const file = path.join(disk, 'railhead.db');
    const store = await openThreadedSqlite({ file, synchronous: 'full' });
    try {
      await store.leases.commitLeases([put(1)]);
      fillDisk(path.join(disk, 'filler'));
      const refused = (async () => {
        for (let index = 2; index < 20_000; index++) await store.leases.commitLeases([put(index)]);
      })();
      await expect(refused).rejects.toThrow(
        `the disk of the store ${file} is full: make room in ${disk}; until then nothing is stored and no new lease is given`,
      );
      await expect(refused).rejects.toMatchObject({ name: 'StoreError', failure: 'full' });
      const report = event('x'.repeat(60_000));
      await expect(store.events.appendEvents([report])).rejects.toMatchObject({ failure: 'full' });
      await expect(store.events.appendEvents([report], { synced: true })).rejects.toBeInstanceOf(StoreError);
      // A change of several statements, whose transaction SQLite itself has rolled back.
      const machines = Array.from({ length: 200 }, (_, index) => declared(`m${index}`));
      const applied = store.machines.applyMachineChanges(machines);
      await expect(applied).rejects.toMatchObject({ name: 'StoreError', failure: 'full' });
      await expect(store.upkeep.look()).rejects.toMatchObject({ failure: 'full' });
      const kept = await store.leases.loadLeases();
      expect(kept.map(({ clientKey }) => clientKey)).toContain('mac:1');
      unlinkSync(path.join(disk, 'filler'));
      await store.upkeep.probe(256 * 1024);
      await store.leases.commitLeases([put(30_000)]);
      expect(await store.leases.loadLeases()).toHaveLength(kept.length + 1);
    } finally {
      await store.close();
    }
  });
});

describe('a damaged database', () => {
  test('is reported when its leases are read, with what to do', async () => {
    const file = path.join(folder, 'railhead.db');
    const store = await openSqliteStore({ file, synchronous: 'full' });
    await store.leases.commitLeases(Array.from({ length: 5_000 }, (_, index) => put(index)));
    await store.close();
    damage(file, 'rack1');
    const damaged = await openSqliteStore({ file, synchronous: 'full' });
    const loading = damaged.leases.loadLeases();
    await expect(loading).rejects.toMatchObject({ name: 'StoreError', failure: 'damaged' });
    await expect(loading).rejects.toThrow(`the database ${file} is damaged (`);
    await expect(loading).rejects.toThrow(`sqlite3 DAMAGED .recover | sqlite3 ${file}`);
    await damaged.close();
  });
});

/** Overwrites the pages in the middle of the file, which contain leases. */
function damage(file: string, content: string): void {
  const { size } = statSync(file);
  const descriptor = openSync(file, 'r+');
  const middle = Math.floor(size / 2 / 4_096) * 4_096;
  writeSync(descriptor, Buffer.alloc(8 * 4_096, content), 0, 8 * 4_096, middle);
  closeSync(descriptor);
}
