import type { Ipv4Address } from '../protocol/ipv4-address.ts';
import type { MacAddress } from '../protocol/mac-address.ts';
import type { MachineUuid } from '../protocol/machine-uuid.ts';
import type { Retention } from './retention.ts';
import type { Transition } from './transition-store.ts';

/** A machine that was seen and that no file declares. */
export interface DiscoveredMachine {
  readonly mac: MacAddress;
  readonly uuid?: MachineUuid;
  readonly serial?: string;
  readonly manufacturer?: string;
  readonly product?: string;
  readonly arch?: string;
  readonly platform?: string;
  readonly address?: Ipv4Address;
  readonly firstSeenAt: Date;
  readonly lastSeenAt: Date;
}

/** The source of the transitions of machines that no file or inventory declares. */
export const DISCOVERED_SOURCE = 'discovered';

/**
 * Stores the discovered machines. Inserting a machine and deleting one each append a transition, which is written in
 * the same transaction. The machine's id in it is `discoveredMachineId` of its MAC address.
 */
export interface DiscoveredMachineStore {
  /**
   * Inserts or updates by MAC address. Values that only an earlier request contained are kept, and so is `firstSeenAt`.
   * Resolves with the transition `machine.discovered` for a machine that was inserted, and with none for a known one.
   */
  recordDiscovered(machine: DiscoveredMachine): Promise<Transition[]>;
  /** By MAC address. */
  listDiscovered(): Promise<DiscoveredMachine[]>;
  /**
   * Deletes the machines beyond the limit, those that were seen longest ago first. Resolves with the transition
   * `machine.gone` of each; `at` is their time.
   */
  pruneDiscovered(retention: Retention & { readonly at: Date }): Promise<Transition[]>;
}
