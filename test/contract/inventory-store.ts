import { describe, expect, test } from 'vitest';
import type { InventoryCommit } from '../../src/store/inventory-store.ts';
import type { MachineChange } from '../../src/store/machine-store.ts';
import { auditEntry } from './some-audit-entry.ts';
import { type MakePlace, StoreUnderTest } from './store-place.ts';

const AT = new Date('2026-11-26T09:00:00.123Z');

function put(id: string, record = {}): MachineChange {
  return {
    kind: 'put',
    machine: { source: 'netbox', id, record },
    transition: { at: AT, machineId: id, kind: 'machine.declared', source: 'netbox', detail: {} },
    adopts: { macs: [], uuids: [], serials: [] },
  };
}

function remove(id: string): MachineChange {
  const transition = { at: AT, machineId: id, kind: 'machine.gone' as const, source: 'netbox', detail: {} };
  return { kind: 'delete', source: 'netbox', id, transition };
}

function commitOf(putId: string, parts: Partial<InventoryCommit> = {}): InventoryCommit {
  return {
    inventory: { name: 'netbox', putAt: AT, putBy: 'token:netbox', putId },
    isStaged: false,
    isEnd: false,
    audit: auditEntry('put', 'netbox'),
    changes: [],
    ...parts,
  };
}

/** What every InventoryStore must do. */
export function describeInventoryStore(makePlace: MakePlace): void {
  describe('inventories', () => {
    const under = new StoreUnderTest(makePlace);
    const ids = async (): Promise<string[]> =>
      (await under.store.machines.loadMachines()).map(({ id }) => id);
    const states = async (): Promise<string[]> =>
      (await under.store.inventories.listInventories()).map(({ name, state }) => `${name} ${state}`);
    const audits = async (): Promise<number> => (await under.store.audit.listAudit({ limit: 99 })).length;

    test('there are none at first, and nothing is staged', async () => {
      expect(await under.store.inventories.listInventories()).toEqual([]);
      expect(await under.store.inventories.moveStaged('netbox', 10)).toEqual({
        transitions: [],
        isDone: true,
      });
    });

    test('a small replacement is one transaction with its audit entry', async () => {
      const { inventories } = under.store;
      const told = await inventories.commitInventory(commitOf('p1', { changes: [put('a'), put('b')] }));
      expect(told.map(({ number }) => number)).toEqual([1, 2]);
      expect(await ids()).toEqual(['a', 'b']);
      expect(await inventories.listInventories()).toEqual([
        { name: 'netbox', putAt: AT, putBy: 'token:netbox', putId: 'p1', state: 'whole' },
      ]);
      expect(await audits()).toBe(1);
      const broken = { ...put('c'), transition: { ...put('c').transition, source: null } };
      const failing = commitOf('p2', { changes: [remove('a'), broken as unknown as MachineChange] });
      await expect(inventories.commitInventory(failing)).rejects.toThrow();
      expect(await ids()).toEqual(['a', 'b']);
      expect(await inventories.listInventories()).toMatchObject([{ putId: 'p1' }]);
      expect(await audits()).toBe(1);
    });

    test('what is staged is seen by nobody until it is committed and moved', async () => {
      const { inventories } = under.store;
      await inventories.stageChanges('p1', 0, [put('a', { x: 1 }), put('b')]);
      await inventories.stageChanges('p1', 2, [put('c')]);
      expect(await ids()).toEqual([]);
      expect(await under.store.transitions.lastTransition()).toBe(0);
      await inventories.commitInventory(commitOf('p1', { isStaged: true }));
      expect(await states()).toEqual(['netbox moving']);
      await under.reopen();
      const first = await under.store.inventories.moveStaged('netbox', 2);
      expect(first.isDone).toBe(false);
      expect(first.transitions).toEqual([
        { ...put('a').transition, number: 1 },
        { ...put('b').transition, number: 2 },
      ]);
      expect(await under.store.inventories.moveStaged('netbox', 2)).toMatchObject({
        isDone: true,
        transitions: [{ number: 3 }],
      });
      expect(await states()).toEqual(['netbox whole']);
      expect(await under.store.machines.loadMachines()).toMatchObject([
        { id: 'a', record: { x: 1 } },
        { id: 'b' },
        { id: 'c' },
      ]);
    });

    test('staged changes that were not committed are dropped, and committed ones are not', async () => {
      const { inventories } = under.store;
      await inventories.stageChanges('lost', 0, [put('x')]);
      await inventories.stageChanges('p1', 0, [put('a')]);
      await inventories.commitInventory(commitOf('p1', { isStaged: true }));
      await inventories.dropStaged();
      expect((await inventories.moveStaged('netbox', 10)).transitions).toMatchObject([{ machineId: 'a' }]);
      // The id is free again, so nothing of it is left.
      await inventories.stageChanges('lost', 0, [put('y')]);
    });

    test('an inventory ends at once, or after the last of its staged changes', async () => {
      const { inventories } = under.store;
      await inventories.commitInventory(commitOf('p1', { changes: [put('a')] }));
      await inventories.commitInventory(commitOf('p2', { isEnd: true, changes: [remove('a')] }));
      expect(await states()).toEqual([]);
      expect(await ids()).toEqual([]);

      await inventories.commitInventory(commitOf('p3', { changes: [put('a'), put('b')] }));
      await inventories.stageChanges('p4', 0, [remove('a'), remove('b')]);
      await inventories.commitInventory(commitOf('p4', { isEnd: true, isStaged: true }));
      expect(await states()).toEqual(['netbox ending']);
      await inventories.moveStaged('netbox', 10);
      expect(await states()).toEqual([]);
      expect(await ids()).toEqual([]);
    });
  });
}
