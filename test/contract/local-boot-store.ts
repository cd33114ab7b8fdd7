import { describe, expect, test } from 'vitest';
import { type MachineModel, newModelLocalBoot } from '../../src/provision/boot/local-boot.ts';
import type { LocalBootChange } from '../../src/store/local-boot-store.ts';
import { type MakePlace, StoreUnderTest } from './store-place.ts';

const model = (product: string): MachineModel => ({
  loader: 'ipxe',
  firmware: 'uefi',
  manufacturer: 'Dell "Inc."',
  product,
});

/** What every LocalBootStore must do. */
export function describeLocalBootStore(makePlace: MakePlace): void {
  describe('how machines boot from their disks', () => {
    const under = new StoreUnderTest(makePlace);

    test('an empty store has none, which is not an error', async () => {
      expect(await under.store.localBoots.loadLocalBoots()).toEqual({ models: [], machines: [] });
    });

    test('models and machines are kept, later values override earlier ones, also after the store is opened again', async () => {
      const first = newModelLocalBoot(model('R640'));
      const learned = { ...first, method: 'sanboot', works: true, failed: ['exit'], changedAtMs: 5 } as const;
      const machine = { machineId: 'node1', model: model('R640'), failed: [] };
      const other = { ...machine, method: 'firmware', failed: ['exit', 'sanboot'] } as const;
      const changes: LocalBootChange[] = [
        { kind: 'model', value: first },
        { kind: 'model', value: newModelLocalBoot(model('R650')) },
        { kind: 'machine', value: machine },
        { kind: 'model', value: learned },
        { kind: 'machine', value: other },
        { kind: 'machine', value: { ...machine, machineId: 'node2' } },
      ];
      await under.store.localBoots.commitLocalBoots(changes);
      await under.store.localBoots.commitLocalBoots([
        { kind: 'forget', machineId: 'node2' },
        { kind: 'forget', machineId: 'node3' },
      ]);
      await under.reopen();
      expect(await under.store.localBoots.loadLocalBoots()).toEqual({
        models: [learned, newModelLocalBoot(model('R650'))],
        machines: [other],
      });
    });
  });
}
