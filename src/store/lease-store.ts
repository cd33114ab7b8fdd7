import type { Lease, LeaseChange } from '../provision/dhcp/leases/lease.ts';

/** Stores the bindings of addresses to clients. */
export interface LeaseStore {
  /** Every binding, for the lease book at the start. */
  loadLeases(): Promise<Lease[]>;
  /** Writes all changes in one transaction. Resolves once they are durable, as the store's settings define it. */
  commitLeases(changes: readonly LeaseChange[]): Promise<void>;
}
