import { type ModelLocalBoot, modelKey } from '../../src/provision/boot/local-boot.ts';
import type { LocalBootChange, LocalBootStore, MachineLocalBoot } from '../../src/store/local-boot-store.ts';

/** Keeps how machines boot from their disks in memory. It can be made to fail. */
export class FakeLocalBootStore implements LocalBootStore {
  readonly models = new Map<string, ModelLocalBoot>();
  readonly machines = new Map<string, MachineLocalBoot>();
  failure: Error | undefined;

  loadLocalBoots(): Promise<{ models: ModelLocalBoot[]; machines: MachineLocalBoot[] }> {
    return Promise.resolve({ models: [...this.models.values()], machines: [...this.machines.values()] });
  }

  commitLocalBoots(changes: readonly LocalBootChange[]): Promise<void> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    for (const change of changes) {
      if (change.kind === 'model') this.models.set(modelKey(change.value.model), change.value);
      else if (change.kind === 'machine') this.machines.set(change.value.machineId, change.value);
      else this.machines.delete(change.machineId);
    }
    return Promise.resolve();
  }
}
