import type { Ipv4Address } from '../protocol/ipv4-address.ts';
import type { MacAddress } from '../protocol/mac-address.ts';
import type { MachineUuid } from '../protocol/machine-uuid.ts';
import type { Retention } from './retention.ts';

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

/** Keeps the machines that introduced themselves. */
export interface DiscoveredMachineStore {
  /** Inserts or updates by MAC. What only an earlier sighting told stays, and so does `firstSeenAt`. */
  recordDiscovered(machine: DiscoveredMachine): Promise<void>;
  /** By MAC. */
  listDiscovered(): Promise<DiscoveredMachine[]>;
  /** Deletes the machines that were seen longest ago beyond what is kept, and returns how many it deleted. */
  pruneDiscovered(retention: Retention): Promise<number>;
}
