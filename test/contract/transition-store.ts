import { describe, expect, test } from 'vitest';
import { type MacAddress, parseMac } from '../../src/protocol/mac-address.ts';
import type { MachineUuid } from '../../src/protocol/machine-uuid.ts';
import type { RecognisedBy } from '../../src/provision/machines/recognised-by.ts';
import type { DiscoveredMachine } from '../../src/store/discovered-machine-store.ts';
import type { Transition } from '../../src/store/transition-store.ts';
import { type MakePlace, StoreUnderTest } from './store-place.ts';

const NOBODY: RecognisedBy = { macs: [], uuids: [], serials: [] };
const AT = new Date('2026-11-23T09:00:00.123Z');
const UUID = '16e7d8a7-bfa9-428b-9117-363341bb330b' as MachineUuid;

const mac = (last: number): MacAddress => parseMac(`52:54:00:00:00:${String(last).padStart(2, '0')}`)!;

const sighting = (last: number, seconds = last): DiscoveredMachine => ({
  mac: mac(last),
  firstSeenAt: new Date(seconds * 1000),
  lastSeenAt: new Date(seconds * 1000),
});

const found = (last: number, seconds = last) => ({
  at: new Date(seconds * 1000),
  machineId: `52-54-00-00-00-0${last}`,
  kind: 'machine.discovered',
  source: 'discovered',
  detail: {},
});

const gone = (last: number, at: Date, detail = {}) => ({
  at,
  machineId: `52-54-00-00-00-0${last}`,
  kind: 'machine.gone',
  source: 'discovered',
  detail,
});

/** What every log of transitions must do, for all writers. */
export function describeTransitionStore(makePlace: MakePlace): void {
  describe('the log of transitions', () => {
    const under = new StoreUnderTest(makePlace);
    const discover = (last: number, seconds?: number): Promise<Transition[]> =>
      under.store.discovered.recordDiscovered(sighting(last, seconds));
    const declare = (id: string, adopts = NOBODY, at = AT): Promise<Transition[]> =>
      under.store.machines.applyMachineChanges([
        {
          kind: 'put',
          machine: { source: 'files', id, record: {} },
          transition: { at, machineId: id, kind: 'machine.declared', source: 'files', detail: {} },
          adopts,
        },
      ]);
    const read = (after: number, limit = 1_000) => under.store.transitions.readTransitions({ after, limit });
    const numbers = async (after: number): Promise<number[]> => {
      const page = await read(after);
      return page.kind === 'deleted' ? [] : page.transitions.map(({ number }) => number);
    };
    const discovered = async (): Promise<string[]> =>
      (await under.store.discovered.listDiscovered()).map((one) => one.mac);
    const prune = (newest: number, atOnce = 100, before = new Date(0)): Promise<number> =>
      under.store.transitions.pruneTransitions({ newest, atOnce, before });

    test('transitions are listed with the newest first, in pages, by machine and by kind', async () => {
      for (const id of ['node1', 'node2', 'node1']) await declare(id);
      await discover(1);
      const list = async (query: object = {}) =>
        (await under.store.transitions.listTransitions({ limit: 10, ...query })).map(({ number }) => number);
      expect(await list()).toEqual([4, 3, 2, 1]);
      expect(await list({ limit: 2 })).toEqual([4, 3]);
      expect(await list({ before: 3 })).toEqual([2, 1]);
      expect(await list({ machineId: 'node1' })).toEqual([3, 1]);
      expect(await list({ kind: 'machine.discovered' })).toEqual([4]);
    });

    test('a new machine has a transition, and a known one has none', async () => {
      expect(await discover(1)).toEqual([{ ...found(1), number: 1 }]);
      expect(await discover(1, 9)).toEqual([]);
      expect(await discover(2)).toEqual([{ ...found(2), number: 2 }]);
      expect(await read(0)).toEqual({
        kind: 'transitions',
        transitions: [
          { ...found(1), number: 1 },
          { ...found(2), number: 2 },
        ],
      });
      await under.reopen();
      expect(await discover(1, 10)).toEqual([]);
    });

    test('a discovered machine that cannot be stored leaves no transition and no gap', async () => {
      await discover(1);
      const broken = { ...sighting(2), mac: null } as unknown as DiscoveredMachine;
      await expect(under.store.discovered.recordDiscovered(broken)).rejects.toThrow();
      expect(await discover(3)).toMatchObject([{ number: 2 }]);
      expect(await numbers(0)).toEqual([1, 2]);
    });

    test('a discovered machine that is deleted has a transition, and is discovered again when it returns', async () => {
      for (const last of [1, 2, 3]) await discover(last);
      const forgotten = await under.store.discovered.pruneDiscovered({ newest: 1, atOnce: 9, at: AT });
      expect(forgotten).toEqual([
        { ...gone(1, AT), number: 4 },
        { ...gone(2, AT), number: 5 },
      ]);
      expect(await read(3)).toEqual({ kind: 'transitions', transitions: forgotten });
      expect(await discover(2, 7)).toEqual([{ ...found(2, 7), number: 6 }]);
    });

    test('a discovered machine that is declared is deleted in the same transaction, and its transition names the source', async () => {
      for (const last of [1, 2, 3]) await discover(last);
      expect(await declare('node2', { ...NOBODY, macs: [mac(2), mac(7)] })).toMatchObject([
        { number: 4, kind: 'machine.declared', machineId: 'node2' },
        { number: 5, ...gone(2, AT, { machine: 'node2' }) },
      ]);
      expect(await discovered()).toEqual([mac(1), mac(3)]);
      expect(await declare('node2', { ...NOBODY, macs: [mac(2)] })).toHaveLength(1);
    });

    test('one is also recognised by UUID or serial number, once', async () => {
      await under.store.discovered.recordDiscovered({ ...sighting(1), uuid: UUID });
      await under.store.discovered.recordDiscovered({ ...sighting(2), serial: 'S2' });
      await under.store.discovered.recordDiscovered({ ...sighting(3), uuid: UUID, serial: 'S2' });
      const told = await declare('node1', { macs: [mac(3)], uuids: [UUID], serials: ['S2'] });
      expect(told.map(({ machineId }) => machineId).sort()).toEqual([
        '52-54-00-00-00-01',
        '52-54-00-00-00-02',
        '52-54-00-00-00-03',
        'node1',
      ]);
      expect(told.map(({ number }) => number)).toEqual([4, 5, 6, 7]);
      expect(await discovered()).toEqual([]);
    });

    test('a failed call changes neither discovered machines nor numbers', async () => {
      await discover(1);
      const broken = {
        kind: 'put',
        machine: { source: 'files', id: 'node1', record: {} },
        transition: { at: AT, machineId: 'node1', kind: 'machine.declared', source: null, detail: {} },
        adopts: { ...NOBODY, macs: [mac(1)] },
      };
      await expect(under.store.machines.applyMachineChanges([broken as never])).rejects.toThrow();
      expect(await discovered()).toEqual([mac(1)]);
      expect(await numbers(0)).toEqual([1]);
    });

    test('machines that are declared, discovered and deleted simultaneously are numbered without gaps', async () => {
      const all = await Promise.all(
        Array.from({ length: 9 }, (_, index) => [
          declare(`node${index}`, { ...NOBODY, macs: [mac(index)] }),
          discover(index),
          under.store.discovered.pruneDiscovered({ newest: 3, atOnce: 1, at: AT }),
        ]).flat(),
      );
      const told = all.flat().map(({ number }) => number);
      expect(told.sort((a, b) => a - b)).toEqual(told.map((_, index) => index + 1));
      expect(await numbers(0)).toEqual(told);
      expect(await under.store.transitions.lastTransition()).toBe(told.length);
    });

    test('the oldest are deleted first, a few at a time', async () => {
      for (let count = 0; count < 7; count++) await declare(`node${count}`);
      expect(await prune(7)).toBe(0);
      expect(await prune(2, 3)).toBe(3);
      expect(await prune(2, 3)).toBe(2);
      expect(await prune(2, 3)).toBe(0);
      expect(await numbers(5)).toEqual([6, 7]);
    });

    test('transitions that are too old are deleted, and never one after a younger one', async () => {
      for (const seconds of [1, 2, 9, 3, 10]) {
        await declare(`node${seconds}`, NOBODY, new Date(seconds * 1000));
      }
      expect(await prune(100, 100, new Date(5_000))).toBe(2);
      expect(await numbers(2)).toEqual([3, 4, 5]);
    });

    test.each([
      [0, { kind: 'deleted', deletedTo: 3 }],
      [2, { kind: 'deleted', deletedTo: 3 }],
      [3, { kind: 'transitions', transitions: [{ number: 4 }, { number: 5 }] }],
      [5, { kind: 'transitions', transitions: [] }],
    ])('after number %d a reader is told what was deleted', async (after, expected) => {
      for (let count = 0; count < 5; count++) await declare(`node${count}`);
      await prune(2);
      expect(await read(after)).toMatchObject(expected);
    });

    test('if all were deleted, numbers continue, also in a store that was opened again', async () => {
      for (let count = 0; count < 5; count++) await declare(`node${count}`);
      expect(await prune(100, 100, new Date(AT.getTime() + 1))).toBe(5);
      await under.reopen();
      expect(await under.store.transitions.lastTransition()).toBe(5);
      expect(await read(2)).toEqual({ kind: 'deleted', deletedTo: 5 });
      expect(await read(5)).toEqual({ kind: 'transitions', transitions: [] });
      expect(await discover(1)).toMatchObject([{ number: 6 }]);
      expect(await numbers(5)).toEqual([6]);
    });
  });
}
