import pino from 'pino';
import { expect, test } from 'vitest';
import { MachineJournal } from '../../src/machines/machine-journal.ts';
import { fromMachineRecord, toMachineRecord } from '../../src/machines/machine-record.ts';
import { FILES_SOURCE } from '../../src/machines/machine-records.ts';
import { MachineRegistry } from '../../src/machines/machine-registry.ts';
import { parseIpv4 } from '../../src/protocol/ipv4-address.ts';
import { parseMac } from '../../src/protocol/mac-address.ts';
import { parseUuid } from '../../src/protocol/machine-uuid.ts';
import type { Machine } from '../../src/provision/machines/machine.ts';
import type { MachineChange, StoredMachine } from '../../src/store/machine-store.ts';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { catalogTree } from '../catalog/catalog-tree.ts';

const machine = (fields: Partial<Machine> & { readonly id: string }): Machine => ({
  macs: [],
  labels: {},
  metadata: {},
  ...fields,
});

/** A store that is a map, and fails when told to. */
class FakeMachineStore {
  readonly records = new Map<string, StoredMachine>();
  readonly transitions: string[] = [];
  readonly details: unknown[] = [];
  readonly adopts: unknown[] = [];
  calls = 0;
  broken = false;

  applyMachineChanges(changes: readonly MachineChange[]): Promise<[]> {
    this.calls++;
    if (this.broken) return Promise.reject(new Error('disk full'));
    for (const change of changes) {
      const { kind, machineId, source, detail } = change.transition;
      this.transitions.push(`${kind} ${source} ${machineId}`);
      this.details.push(detail);
      const key = `${source}/${machineId}`;
      if (change.kind === 'put') {
        this.records.set(key, change.machine);
        this.adopts.push(change.adopts);
      } else this.records.delete(key);
    }
    return Promise.resolve([]);
  }
}

function journaled() {
  const store = new FakeMachineStore();
  const registry = new MachineRegistry(() => 0);
  const journal = new MachineJournal(store, pino({ level: 'silent' }), () => new Date(0));
  registry.onChange((changes) => journal.note(changes));
  return { store, registry, journal };
}

test('each declaration, change and removal writes a record and a transition; transitions contain no values', async () => {
  const { journal, registry, store } = journaled();
  registry.put(FILES_SOURCE, machine({ id: 'a' }));
  registry.put('netbox', machine({ id: 'b' }));
  await journal.flush();
  registry.put(FILES_SOURCE, machine({ id: 'a', hostname: 'a.example', metadata: { key: 'Hunter2' } }));
  registry.remove('netbox', 'b');
  await journal.flush();
  expect(store.transitions).toEqual([
    'machine.declared files a',
    'machine.declared netbox b',
    'machine.changed files a',
    'machine.gone netbox b',
  ]);
  expect(store.details[2]).toEqual({ fields: ['metadata', 'hostname'] });
  expect([...store.records.keys()]).toEqual(['files/a']);
});

test('after a restart unchanged machines cause no transition', async () => {
  const first = journaled();
  const machines = [
    machine({ id: 'same', hostname: 'h' }),
    machine({ id: 'edited' }),
    machine({ id: 'dropped' }),
  ];
  await first.registry.declareAll(FILES_SOURCE, machines, () => Promise.resolve());
  await first.journal.flush();

  const second = journaled();
  second.registry.restore(
    [...first.store.records.values()].map(({ id, record, source }) => ({
      source,
      machine: fromMachineRecord(id, record),
    })),
  );
  // Before the files are read, the machines are those of the previous run.
  expect(second.registry.ready).toBe(true);
  expect(second.registry.size).toBe(3);
  await second.registry.declareAll(
    FILES_SOURCE,
    [machine({ id: 'same', hostname: 'h' }), machine({ id: 'edited', disabled: true })],
    () => Promise.resolve(),
  );
  await second.journal.flush();
  expect(second.store.transitions).toEqual(['machine.gone files dropped', 'machine.changed files edited']);
});

test('in a database that is opened again, unchanged machines cause no transition, and an edited one causes one', async () => {
  const file = `${catalogTree({})}/store.db`;
  const full = machine({
    id: 'full',
    macs: [parseMac('52:54:00:00:00:01')!],
    address: parseIpv4('10.0.0.1')!,
    dhcpOptions: new Map([[26, Uint8Array.of(0x23, 0x28)]]),
    leaseSeconds: Infinity,
    metadata: { disks: ['sda', { size: 10 }] },
  });
  const run = async (machines: readonly Machine[]): Promise<number> => {
    const store = await openSqliteStore({ file, synchronous: 'normal' });
    const registry = new MachineRegistry(() => 0);
    registry.restore(
      (await store.machines.loadMachines()).map(({ id, record, source }) => ({
        source,
        machine: fromMachineRecord(id, record),
      })),
    );
    const journal = new MachineJournal(store.machines, pino({ level: 'silent' }), () => new Date(0));
    registry.onChange((changes) => journal.note(changes));
    await registry.declareAll(FILES_SOURCE, machines, () => Promise.resolve());
    await journal.flush();
    const last = await store.transitions.lastTransition();
    await store.close();
    return last;
  };
  expect(await run([full, machine({ id: 'b' })])).toBe(2);
  expect(await run([full, machine({ id: 'b' })])).toBe(2);
  expect(await run([full, machine({ id: 'b', hostname: 'b1' })])).toBe(3);
});

test('a declared machine adopts the discovered ones that its record recognises', async () => {
  const { journal, registry, store } = journaled();
  registry.put(FILES_SOURCE, machine({ id: 'a', macs: [parseMac('52:54:00:00:00:01')!], serial: 'S1' }));
  registry.put(FILES_SOURCE, machine({ id: 'b', serial: 'S2' }));
  await journal.flush();
  expect(store.adopts).toEqual([
    { macs: ['52:54:00:00:00:01'], uuids: [], serials: [] },
    { macs: [], uuids: [], serials: ['S2'] },
  ]);
});

test('unwritten changes are merged into one; a record that was added and removed is none', async () => {
  const { journal, registry, store } = journaled();
  registry.put(FILES_SOURCE, machine({ id: 'a' }));
  registry.put(FILES_SOURCE, machine({ id: 'a', hostname: 'x' }));
  registry.put(FILES_SOURCE, machine({ id: 'b' }));
  registry.remove(FILES_SOURCE, 'b');
  await journal.flush();
  expect(store.transitions).toEqual(['machine.declared files a']);
  expect(store.records.get('files/a')?.record).toMatchObject({ hostname: 'x' });
});

test('many changes are written in batches; failed ones are written later, together with new ones', async () => {
  const { journal, registry, store } = journaled();
  store.broken = true;
  const many = Array.from({ length: 1200 }, (_, index) => machine({ id: `m${index}` }));
  await registry.declareAll(FILES_SOURCE, many, () => Promise.resolve());
  await journal.flush();
  expect(store.records.size).toBe(0);
  registry.put(FILES_SOURCE, machine({ id: 'm5', hostname: 'late' }));
  store.broken = false;
  store.calls = 0;
  await journal.flush();
  expect(store.records.size).toBe(1200);
  expect(store.calls).toBe(3);
  expect(store.records.get('files/m5')?.record).toMatchObject({ hostname: 'late' });
  expect(store.transitions.every((line) => line.startsWith('machine.declared'))).toBe(true);
});

test('a record contains all fields of a machine, and restores them', () => {
  const full: Machine = {
    id: 'full',
    macs: [parseMac('52:54:00:00:00:01')!],
    clientIds: ['ff01'],
    switchPort: { circuitId: '0a' },
    uuid: parseUuid('8a95d198-7f46-11e5-bf8b-08002704d48e')!,
    serial: 'SN-1',
    labels: { rack: '1' },
    metadata: { disks: ['/dev/sda'], nested: { a: null } },
    address: parseIpv4('10.0.0.9')!,
    hostname: 'full.example',
    bootProgram: 'ipxe.efi',
    dhcpOptions: new Map([[26, Uint8Array.of(5, 120)]]),
    dhcpSending: { force: [66], suppress: [3, 6] },
    furtherAddresses: [parseIpv4('10.1.0.9')!],
    networkOptions: new Map([['rack1', new Map([[3, Uint8Array.of(10, 0, 0, 1)]])]]),
    leaseSeconds: Infinity,
    disabled: true,
  };
  const stored = JSON.parse(JSON.stringify(toMachineRecord(full))) as ReturnType<typeof toMachineRecord>;
  expect(fromMachineRecord('full', stored)).toEqual(full);
});
