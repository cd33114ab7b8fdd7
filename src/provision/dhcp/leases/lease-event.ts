import type { Ipv4Address } from '../../../protocol/ipv4-address.ts';
import type { LeaseName } from '../../dns/lease-name.ts';
import type { Lease } from './lease.ts';

/** A change of a lease that has been stored. `kind` is one of LEASE_EVENT_KINDS. */
export type LeaseEvent =
  /** A client got an address, or renewed its lease. `name` is the name to register in DNS. */
  | {
      readonly kind: 'bound' | 'renewed';
      readonly lease: Lease;
      readonly name?: LeaseName;
      readonly machineId?: string;
    }
  /** Released, expired, or found to be in use by another host. */
  | { readonly kind: 'released' | 'expired' | 'declined'; readonly lease: Lease }
  /** The client was given another address instead. */
  | { readonly kind: 'freed'; readonly address: Ipv4Address };

/** The kinds of lease events. */
export const LEASE_EVENT_KINDS = ['bound', 'renewed', 'released', 'expired', 'declined', 'freed'] as const;

/** Receives lease events. It is called between packets, so it must return at once and not throw. */
export interface LeaseListener {
  leaseChanged(event: LeaseEvent): void;
}
