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
 * Keeps the machines that introduced themselves. A machine that is new, and one that is deleted, has a transition that
 * is written in the same transaction. The machine's id there is `discoveredMachineId` of its MAC address.
 */
export interface DiscoveredMachineStore {
  /**
   * Inserts or updates by MAC. What only an earlier sighting told stays, and so does `firstSeenAt`. Resolves with the
   * transition `machine.discovered` of a machine that was inserted, and with none for one that was known.
   */
  recordDiscovered(machine: DiscoveredMachine): Promise<Transition[]>;
  /** By MAC. */
  listDiscovered(): Promise<DiscoveredMachine[]>;
  /**
   * Deletes the machines that were seen longest ago beyond what is kept. Resolves with the transition `machine.gone` of
   * each; `at` is their time.
   */
  pruneDiscovered(retention: Retention & { readonly at: Date }): Promise<Transition[]>;
}
