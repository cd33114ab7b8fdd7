import { describe, expect, test } from 'vitest';
import { newLife } from '../../src/provision/machines/lifecycle/life.ts';
import type { NewAuditEntry } from '../../src/store/audit-store.ts';
import type { LifeChange } from '../../src/store/life-store.ts';
import { type MakePlace, StoreUnderTest } from './store-place.ts';

const AT = new Date('2026-11-23T09:00:00.123Z');

const entry = (verb: string, target = 'node1', at = AT): NewAuditEntry => ({
  at,
  actor: 'socket:anna',
  verb,
  target,
  reason: 'new disk',
  outcome: 'done',
  detail: { from: 'ready' },
});

const change = (machineId: string, more: Partial<LifeChange> = {}): LifeChange => ({
  machineId,
  life: { ...newLife(machineId, true), state: 'installed', sinceMs: 5 },
  transition: { at: AT, machineId, kind: 'life.adopt', source: 'socket:anna', detail: { to: 'installed' } },
  ...more,
});

/** What every LifeStore and AuditStore must do. */
export function describeLifeStore(makePlace: MakePlace): void {
  describe('lives and the audit', () => {
    const under = new StoreUnderTest(makePlace);
    const lives = async (): Promise<string[]> =>
      (await under.store.lives.loadLives()).map(
        ({ life, machineId }) => `${machineId} ${life['state'] as string}`,
      );
    const audit = async (query: object = {}): Promise<string[]> =>
      (await under.store.audit.listAudit({ limit: 100, ...query })).map(({ verb }) => verb);

    test('an empty store has none, which is not an error', async () => {
      expect(await lives()).toEqual([]);
      expect(await audit()).toEqual([]);
    });

    test('a life, its transition, its audit entry and its record are stored together', async () => {
      const record: LifeChange['record'] = {
        kind: 'put',
        machine: { source: 'approved', id: 'node1', record: { id: 'node1' } },
        transition: { at: AT, machineId: 'node1', kind: 'machine.declared', source: 'approved', detail: {} },
        adopts: { macs: [], uuids: [], serials: [] },
      };
      const written = await under.store.lives.applyLifeChanges([
        change('node1', { audit: entry('adopt'), record }),
      ]);
      expect(written.map(({ kind, number }) => [number, kind])).toEqual([
        [1, 'life.adopt'],
        [2, 'machine.declared'],
      ]);
      await under.reopen();
      expect(await under.store.lives.loadLives()).toEqual([
        { machineId: 'node1', life: { ...newLife('node1', true), state: 'installed', sinceMs: 5 } },
      ]);
      expect(await under.store.audit.listAudit({ limit: 10 })).toEqual([{ id: 1, ...entry('adopt') }]);
      expect(await under.store.machines.loadMachines()).toEqual([record.machine]);
      expect(await under.store.transitions.lastTransition()).toBe(2);
    });

    test('the last value of a machine counts, also within one call, and a life can be deleted', async () => {
      await under.store.lives.applyLifeChanges([change('node1'), change('node2'), change('node3')]);
      await under.store.lives.applyLifeChanges([
        change('node1'),
        change('node1', { life: { ...newLife('node1', true), state: 'failed' } }),
        { machineId: 'node2', transition: { ...change('node2').transition, kind: 'life.deleted' } },
      ]);
      expect(await lives()).toEqual(['node1 failed', 'node3 installed']);
      expect(await under.store.transitions.lastTransition()).toBe(6);
    });

    test('audit entries are listed with the newest first, by machine and in pages', async () => {
      await under.store.audit.appendAudit([entry('arm'), entry('hold', 'node2'), entry('release')]);
      expect(await audit()).toEqual(['release', 'hold', 'arm']);
      expect(await audit({ target: 'node1' })).toEqual(['release', 'arm']);
      const [newest] = await under.store.audit.listAudit({ limit: 1 });
      expect(await audit({ beforeId: newest?.id, limit: 1 })).toEqual(['hold']);
      expect(await audit({ afterId: 0, limit: 2 })).toEqual(['arm', 'hold']);
    });

    test('audit entries are found by who, what, outcome and time, with where they came from', async () => {
      const origin = { address: '10.0.9.7', requestId: 'request-1' };
      await under.store.audit.appendAudit([
        { ...entry('arm', 'node1', new Date(1000)), ...origin, actor: 'token:anna' },
        { ...entry('hold', 'node1', new Date(2000)), outcome: 'denied' },
        entry('release', 'node1', new Date(3000)),
      ]);
      expect(await audit({ actor: 'token:anna' })).toEqual(['arm']);
      expect(await audit({ outcome: 'denied' })).toEqual(['hold']);
      expect(await audit({ verb: 'release' })).toEqual(['release']);
      expect(await audit({ since: new Date(2000), until: new Date(3000) })).toEqual(['hold']);
      const [, , first] = await under.store.audit.listAudit({ limit: 10 });
      expect(first).toMatchObject(origin);
    });

    test('old and surplus audit entries are deleted, the oldest first, a limited number at a time', async () => {
      const verbs = ['a', 'b', 'c', 'd', 'e'];
      await under.store.audit.appendAudit(
        verbs.map((verb, index) => entry(verb, 'node1', new Date(index * 1000))),
      );
      const prune = (newest: number, atOnce: number, seconds: number): Promise<number> =>
        under.store.audit.pruneAudit({ newest, atOnce, before: new Date(seconds * 1000) });
      expect(await prune(10, 100, 1)).toBe(1);
      expect(await prune(2, 1, 0)).toBe(1);
      expect(await audit()).toEqual(['e', 'd', 'c']);
      expect(await prune(2, 100, 0)).toBe(1);
      expect(await prune(2, 100, 0)).toBe(0);
      expect(await audit()).toEqual(['e', 'd']);
    });
  });
}
