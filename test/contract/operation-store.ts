import { describe, expect, test } from 'vitest';
import { auditEntry } from './some-audit-entry.ts';
import { type MakePlace, StoreUnderTest } from './store-place.ts';

const at = (minute: number): Date => new Date(Date.UTC(2026, 2, 1, 8, minute));

/** What every OperationStore must do. */
export function describeOperationStore(makePlace: MakePlace): void {
  describe('operations', () => {
    const under = new StoreUnderTest(makePlace);
    const ids = async (): Promise<string[]> =>
      (await under.store.operations.loadOperations()).map(({ id }) => id);

    test('are kept with their audit entries, the newest first, also after the store is opened again', async () => {
      const first = { id: 'a', createdAt: at(1), record: { state: 'previewed', machines: [{ id: 'n' }] } };
      await under.store.operations.putOperation(first);
      await under.store.operations.putOperation({ id: 'b', createdAt: at(2), record: {} });
      const started = { ...first, record: { state: 'running', machines: [] } };
      await under.store.operations.putOperation(started, auditEntry('start_operation', 'operation:a'));
      await under.reopen();
      expect(await under.store.operations.loadOperations()).toEqual([
        { id: 'b', createdAt: at(2), record: {} },
        started,
      ]);
      expect(await under.store.audit.listAudit({ limit: 9 })).toMatchObject([{ verb: 'start_operation' }]);
    });

    test('all but the newest can be deleted', async () => {
      for (const [minute, id] of ['a', 'b', 'c'].entries()) {
        await under.store.operations.putOperation({ id, createdAt: at(minute), record: {} });
      }
      expect(await under.store.operations.trimOperations(2)).toBe(1);
      expect(await ids()).toEqual(['c', 'b']);
      expect(await under.store.operations.trimOperations(2)).toBe(0);
    });
  });
}
