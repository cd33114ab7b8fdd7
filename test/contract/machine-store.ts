import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../src/provision/json-value.ts';
import type { MachineChange } from '../../src/store/machine-store.ts';
import type { NewTransition, Transition, TransitionKind } from '../../src/store/transition-store.ts';
import { auditEntry } from './some-audit-entry.ts';
import { type MakePlace, StoreUnderTest } from './store-place.ts';

const AT = new Date('2026-11-23T09:00:00.123Z');

const transition = (machineId: string, kind: TransitionKind, detail: JsonObject = {}): NewTransition => ({
  at: AT,
  machineId,
  kind,
  source: 'files',
  detail,
});

const put = (id: string, record: JsonObject = {}, source = 'files'): MachineChange => ({
  kind: 'put',
  machine: { source, id, record },
  transition: transition(id, 'machine.declared', record),
  adopts: { macs: [], uuids: [], serials: [] },
});

const remove = (id: string): MachineChange => ({
  kind: 'delete',
  source: 'files',
  id,
  transition: transition(id, 'machine.gone'),
});

/** What every MachineStore and TransitionStore must do. */
export function describeMachineStore(makePlace: MakePlace): void {
  describe('machines and their transitions', () => {
    const under = new StoreUnderTest(makePlace);
    const apply = (...changes: MachineChange[]): Promise<Transition[]> =>
      under.store.machines.applyMachineChanges(changes);
    const ids = async (): Promise<string[]> =>
      (await under.store.machines.loadMachines()).map(({ id }) => id);
    const read = async (after: number, limit: number): Promise<readonly Transition[]> => {
      const page = await under.store.transitions.readTransitions({ after, limit });
      if (page.kind === 'deleted') throw new Error(`deleted to ${page.deletedTo}`);
      return page.transitions;
    };
    const numbers = async (): Promise<number[]> => (await read(0, 10_000)).map(({ number }) => number);

    test('an empty store has none, which is not an error', async () => {
      expect(await under.store.machines.loadMachines()).toEqual([]);
      expect(await numbers()).toEqual([]);
      expect(await under.store.transitions.lastTransition()).toBe(0);
      expect(await apply()).toEqual([]);
      expect(await under.store.transitions.lastTransition()).toBe(0);
    });

    test('records and transitions are read unchanged, also from a store that was opened again', async () => {
      const record = {
        zone: 'b',
        macs: ['52:54:00:00:00:01'],
        metadata: { a: null, nested: [1, { b: true }] },
      };
      const written = await apply(put('node1', record), put('node2', {}, 'netbox'));
      expect(written).toEqual([
        { ...transition('node1', 'machine.declared', record), number: 1 },
        { ...transition('node2', 'machine.declared'), number: 2 },
      ]);
      const check = async (): Promise<void> => {
        const machines = await under.store.machines.loadMachines();
        expect(machines).toEqual([
          { source: 'files', id: 'node1', record },
          { source: 'netbox', id: 'node2', record: {} },
        ]);
        expect(Object.keys(machines[0]!.record)).toEqual(['zone', 'macs', 'metadata']);
        expect(await read(0, 10)).toEqual(written);
      };
      await check();
      await under.reopen();
      await check();
      expect(await apply(remove('node1'))).toMatchObject([{ number: 3 }]);
    });

    test('two sources can each have a record with the same id', async () => {
      await apply(put('node1', { from: 'files' }), put('node1', { from: 'netbox' }, 'netbox'));
      await apply(remove('node1'));
      expect(await under.store.machines.loadMachines()).toEqual([
        { source: 'netbox', id: 'node1', record: { from: 'netbox' } },
      ]);
    });

    test('changes take effect in order, and each has its transition', async () => {
      await apply(put('node1', { a: 1 }), put('node1', { a: 2 }));
      expect(await under.store.machines.loadMachines()).toMatchObject([{ record: { a: 2 } }]);
      await apply(put('node2'), remove('node2'), remove('node1'), put('node1', { a: 3 }));
      expect(await under.store.machines.loadMachines()).toMatchObject([{ id: 'node1', record: { a: 3 } }]);
      expect(await numbers()).toEqual([1, 2, 3, 4, 5, 6]);
    });

    test('a transaction that fails leaves neither a record nor a gap in the numbers', async () => {
      await apply(put('node1'));
      const broken = {
        ...put('node3'),
        transition: { ...transition('node3', 'machine.declared'), source: null },
      };
      await expect(apply(put('node2'), broken as unknown as MachineChange)).rejects.toThrow();
      expect(await ids()).toEqual(['node1']);
      expect(await under.store.transitions.lastTransition()).toBe(1);
      expect(await apply(put('node4'))).toMatchObject([{ number: 2 }]);
      expect(await numbers()).toEqual([1, 2]);
    });

    test('a change and its audit entry are one transaction', async () => {
      const entry = auditEntry('create', 'node1');
      await under.store.machines.applyMachineChanges([put('node1')], [entry]);
      expect(await under.store.audit.listAudit({ limit: 9 })).toMatchObject([entry]);
      const broken = {
        ...put('node2'),
        transition: { ...transition('node2', 'machine.declared'), at: null },
      };
      await expect(
        under.store.machines.applyMachineChanges([broken as unknown as MachineChange], [entry]),
      ).rejects.toThrow();
      expect(await under.store.audit.listAudit({ limit: 9 })).toHaveLength(1);
    });

    test('simultaneous changes are numbered without gaps, each call consecutively', async () => {
      const all = await Promise.all(
        Array.from({ length: 20 }, (_, call) => apply(put(`a${call}`), put(`b${call}`), put(`c${call}`))),
      );
      for (const [one, two, three] of all) {
        expect(two!.number).toBe(one!.number + 1);
        expect(three!.number).toBe(one!.number + 2);
      }
      expect(await numbers()).toEqual(Array.from({ length: 60 }, (_, index) => index + 1));
      expect(await ids()).toHaveLength(60);
    });

    test('transitions can be read from any number on', async () => {
      await apply(...['a', 'b', 'c', 'd', 'e'].map((id) => put(id)));
      const idsAfter = async (after: number): Promise<string[]> =>
        (await read(after, 2)).map(({ machineId }) => machineId);
      expect(await idsAfter(0)).toEqual(['a', 'b']);
      expect(await idsAfter(2)).toEqual(['c', 'd']);
      expect(await idsAfter(4)).toEqual(['e']);
      expect(await idsAfter(5)).toEqual([]);
      expect(await under.store.transitions.lastTransition()).toBe(5);
    });

    test('a hundred thousand machines are written and read', async () => {
      const record = { macs: ['52:54:00:00:00:01'], labels: { rack: '17', role: 'worker' } };
      for (let batch = 0; batch < 200; batch++) {
        await apply(...Array.from({ length: 500 }, (_, index) => put(`node${batch * 500 + index}`, record)));
      }
      expect(await under.store.machines.loadMachines()).toHaveLength(100_000);
      expect(await under.store.transitions.lastTransition()).toBe(100_000);
      await apply(...Array.from({ length: 2_000 }, (_, index) => remove(`node${index}`)));
      expect(await ids()).toHaveLength(98_000);
    }, 120_000);
  });
}
