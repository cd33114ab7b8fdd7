import type { Ipv4Address } from '../../../protocol/ipv4-address.ts';

/**
 * The state of a binding. Offers exist only in memory and are not leases. `expired` and `released` remember the client,
 * so that it gets the same address again; `declined` withholds the address from all clients until `expiresAt`.
 */
export type LeaseState = 'bound' | 'expired' | 'released' | 'declined';

/** A binding of an address to a client, as the store keeps it (RFC 2131 section 2.2). */
export interface Lease {
  readonly address: Ipv4Address;
  /** Id of the subnet that the address belongs to. */
  readonly subnetId: string;
  /** What identifies the client within its subnet: `mac:52:54:00:a1:9c:ae`, or `id:` and the client-id in hex. */
  readonly clientKey: string;
  /** Hardware address (chaddr) in lower-case hex with colons, as last seen; `''` when the client sent none. */
  readonly chaddr: string;
  readonly state: LeaseState;
  /** Client identifier (option 61) in hex, as last sent. */
  readonly clientId?: string;
  /** Host name (option 12) that the client sent, if it is valid. */
  readonly hostname?: string;
  /** Relay agent information (option 82) in hex, as last seen. */
  readonly relayInfo?: string;
  /** Wall-clock milliseconds since the epoch. */
  readonly boundAt: number;
  /** Wall-clock milliseconds since the epoch; `Infinity` is stored as the largest safe integer. */
  readonly expiresAt: number;
}

/** What must be written before the reply may be sent: the new state of an address, or that it is free. */
export type LeaseChange =
  | { readonly kind: 'put'; readonly lease: Lease }
  | { readonly kind: 'delete'; readonly address: Ipv4Address };
