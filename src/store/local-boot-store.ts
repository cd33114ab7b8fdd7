import type { LocalBootMethod, MachineModel, ModelLocalBoot } from '../provision/boot/local-boot.ts';

/** What is kept about local boot on one machine. */
export interface MachineLocalBoot {
  readonly machineId: string;
  /** As its boot loader reported it last: DHCP does not learn it. */
  readonly model: MachineModel;
  /** The method for this machine alone, where the one of its model does not work. */
  readonly method?: LocalBootMethod;
  /** The methods with which this machine came back at once. */
  readonly failed: readonly LocalBootMethod[];
}

/** Something to write or delete. */
export type LocalBootChange =
  | { readonly kind: 'model'; readonly value: ModelLocalBoot }
  | { readonly kind: 'machine'; readonly value: MachineLocalBoot }
  | { readonly kind: 'forget'; readonly machineId: string };

/** Stores how machines boot from their own disks, by model and by machine. */
export interface LocalBootStore {
  loadLocalBoots(): Promise<{
    readonly models: readonly ModelLocalBoot[];
    readonly machines: readonly MachineLocalBoot[];
  }>;
  /** Writes all changes in one transaction; later changes override earlier ones. Resolves once they are durable. */
  commitLocalBoots(changes: readonly LocalBootChange[]): Promise<void>;
}
