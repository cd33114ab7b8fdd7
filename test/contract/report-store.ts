import { describe, expect, test } from 'vitest';
import type { MachineFacts } from '../../src/provision/machines/reports/machine-facts.ts';
import type { MachineReport } from '../../src/provision/machines/reports/machine-report.ts';
import type { NewReport } from '../../src/store/report-store.ts';
import { type MakePlace, StoreUnderTest } from './store-place.ts';

const at = (seconds: number): Date => new Date(seconds * 1000);
const report = (seconds: number, changes: Partial<MachineReport> = {}, machineId = 'node1'): NewReport => ({
  at: at(seconds),
  machineId,
  report: { status: 'progress', message: `message ${seconds}`, log: [], permanent: false, ...changes },
});
const facts = (memory: number, others: MachineFacts = {}): MachineFacts => ({
  memory_bytes: memory,
  ...others,
});

/** What every ReportStore must do. */
export function describeReportStore(makePlace: MakePlace): void {
  describe('reports', () => {
    const under = new StoreUnderTest(makePlace);
    const messages = async (machineId = 'node1', limit = 100): Promise<string[]> =>
      (await under.store.reports.listReports(machineId, limit)).map(({ report: { message } }) => message);

    test('an empty store has none, which is not an error', async () => {
      expect(await messages()).toEqual([]);
      expect(await under.store.reports.findInventory('node1')).toBeUndefined();
      expect(await under.store.reports.listFactChanges('node1', 10)).toEqual([]);
      await under.store.reports.recordReports([]);
    });

    test('a report is stored as a whole, but for its facts', async () => {
      const whole = report(1, {
        status: 'failed',
        phase: 'write',
        log: ['line 1', 'line \u00e9'],
        permanent: true,
        release: '4593.2.1',
        disk: '/dev/vda',
        configHash: 'aa',
        generation: 'g1',
      });
      const { report: told } = whole;
      await under.store.reports.recordReports([
        { ...whole, report: { ...told, facts: facts(1) } },
        report(2),
      ]);
      await under.reopen();
      const [latest, first] = await under.store.reports.listReports('node1', 10);
      expect([latest, first]).toEqual([
        { id: latest?.id, ...report(2) },
        { id: (latest?.id ?? 0) - 1, ...whole },
      ]);
    });

    test('the newest of one machine are listed first', async () => {
      await under.store.reports.recordReports([report(1), report(2, {}, 'node2'), report(3), report(4)]);
      expect(await messages('node1', 2)).toEqual(['message 4', 'message 3']);
      expect(await messages('node2')).toEqual(['message 2']);
    });

    test('facts become the inventory part by part, with a history of what has changed', async () => {
      const disk = { name: 'sda', serial: 'S1', size_bytes: 10 };
      await under.store.reports.recordReports([
        report(1, { facts: facts(8, { disks: [disk] }) }),
        report(2, { facts: facts(8) }),
        report(2, { facts: facts(7) }, 'node2'),
      ]);
      await under.store.reports.recordReports([
        report(3, { facts: facts(16) }),
        report(4, { facts: { disks: [] } }),
        report(5, { facts: facts(16) }),
      ]);
      await under.reopen();
      expect(await under.store.reports.findInventory('node1')).toEqual({
        facts: { memory_bytes: 16, disks: [] },
        changedAt: at(4),
        reportedAt: at(5),
      });
      expect(await under.store.reports.listFactChanges('node1', 10)).toEqual([
        { at: at(4), changes: [{ field: 'disks[S1]', before: disk }] },
        { at: at(3), changes: [{ field: 'memory_bytes', before: 8, after: 16 }] },
      ]);
      expect(await under.store.reports.listFactChanges('node1', 1)).toHaveLength(1);
      expect(await under.store.reports.listFactChanges('node2', 10)).toEqual([]);
    });

    test('old and surplus ones are deleted, the oldest first, a limited number at a time', async () => {
      const { reports } = under.store;
      await reports.recordReports([1, 2, 3, 4, 5].map((second) => report(second, { facts: facts(second) })));
      const kept = async (): Promise<[number, number]> => [
        (await messages()).length,
        (await reports.listFactChanges('node1', 10)).length,
      ];
      expect(await reports.pruneReports({ before: at(2), newest: 10, atOnce: 10 })).toBe(1);
      expect(await reports.pruneFactChanges({ before: at(3), newest: 10, atOnce: 10 })).toBe(1);
      expect(await kept()).toEqual([4, 3]);
      expect(await reports.pruneReports({ before: at(0), newest: 2, atOnce: 1 })).toBe(1);
      expect(await reports.pruneFactChanges({ before: at(0), newest: 1, atOnce: 1 })).toBe(1);
      expect(await kept()).toEqual([3, 2]);
      expect(await messages('node1', 1)).toEqual(['message 5']);
    });

    test('an inventory is deleted when it is old, unless the machine is declared', async () => {
      const { machines, reports } = under.store;
      const transition = { at: at(0), kind: 'machine.declared', source: 'files', detail: {} } as const;
      await machines.applyMachineChanges([
        {
          kind: 'put',
          machine: { source: 'files', id: 'node1', record: {} },
          transition: { ...transition, machineId: 'node1' },
          adopts: { macs: [], serials: [], uuids: [] },
        },
      ]);
      await reports.recordReports(
        ['node1', 'node2', 'node3', 'node4'].map((id, index) => report(index, { facts: facts(1) }, id)),
      );
      expect(await reports.pruneInventories({ before: at(3), atOnce: 1 })).toBe(1);
      expect(await reports.findInventory('node2')).toBeUndefined();
      expect(await reports.pruneInventories({ before: at(3), atOnce: 10 })).toBe(1);
      expect(await reports.findInventory('node1')).toBeDefined();
      expect(await reports.findInventory('node4')).toBeDefined();
    });

    test('all of a machine is deleted with its life, if that is asked for', async () => {
      const { lives, reports } = under.store;
      await reports.recordReports([1, 2].map((second) => report(second, { facts: facts(second) })));
      await reports.recordReports([report(3, {}, 'node2')]);
      const transition = { at: at(4), machineId: 'node1', source: 'anna', detail: {} };
      const deleted = { machineId: 'node1', transition: { ...transition, kind: 'life.deleted' } } as const;
      await lives.applyLifeChanges([deleted]);
      expect(await messages()).toHaveLength(2);
      await lives.applyLifeChanges([{ ...deleted, deletesReports: true }]);
      expect(await messages()).toEqual([]);
      expect(await reports.findInventory('node1')).toBeUndefined();
      expect(await reports.listFactChanges('node1', 10)).toEqual([]);
      expect(await messages('node2')).toEqual(['message 3']);
    });
  });
}
