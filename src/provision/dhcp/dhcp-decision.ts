import type { EncodeLimits } from '../../protocol/dhcp/encode.ts';
import type { DhcpMessage } from '../../protocol/dhcp/message.ts';
import type { Ipv4Address } from '../../protocol/ipv4-address.ts';
import type { BootEvent } from '../history/boot-event.ts';
import type { Ingress } from './dhcp-packet.ts';
import type { LeaseChange } from './leases/lease.ts';

/** A boot event without its time, which the shell adds. */
export type DhcpEvent = Omit<BootEvent, 'at'>;

/** Where a reply goes, and from where: the socket of `from`, whose port is the source port. */
export interface ReplyDestination {
  readonly address: Ipv4Address;
  readonly port: number;
  readonly from: Ingress;
}

/** Stable words for counters and logs: why a packet got no reply. */
export type IgnoreReason =
  /** The client's packets come faster than any client's would. */
  | 'rate_limited'
  /** All clients' packets together come faster than the limit. */
  | 'overload'
  /** No declared subnet covers where the packet came from. */
  | 'no_subnet'
  /** `giaddr` names no relay that a subnet expects, or one that a reply must never go to. */
  | 'untrusted_relay'
  /** Option 82 from a client itself. */
  | 'relay_information_without_relay'
  /** Option 82 of more than 255 octets. */
  | 'relay_information_too_long'
  /** `ciaddr` is not where the packet came from. */
  | 'spoofed_source'
  /** The subnet's mode is off, or auto found nothing to do. */
  | 'not_served'
  /** The client is unknown and the subnet serves known machines only. */
  | 'denied'
  /** Another server leases here, and the subnet is set to be served by one alone. */
  | 'foreign_server'
  | 'pool_exhausted'
  /** Unknown clients took most of the pool without finishing; new ones wait. */
  | 'pool_pressure'
  /** The client chose another server. */
  | 'other_server'
  /** The client claims a lease that we know nothing of, and we are not authoritative. */
  | 'unknown_lease'
  /** Done, and the protocol has no answer to it: DHCPRELEASE and DHCPDECLINE. */
  | 'no_answer_due'
  /** A DHCPRELEASE or DHCPDECLINE for an address that is not the sender's. */
  | 'not_the_holder'
  /** More DHCPDECLINEs than a fault explains. */
  | 'decline_flood'
  /** Neither PXE nor UEFI HTTP Boot, on a subnet where another server leases. */
  | 'not_a_boot_client'
  /** A boot client for which there is nothing to boot. */
  | 'nothing_to_boot'
  /** A BOOTP request, and BOOTP is off or nothing is reserved. */
  | 'bootp'
  /** A message type that no server answers. */
  | 'message_type'
  /** Required fields are missing or contradict each other. */
  | 'incomplete'
  /** There is no address to which an answer could go. */
  | 'no_return_address';

/** Answer. */
export interface DhcpReply {
  readonly kind: 'reply';
  readonly message: DhcpMessage;
  /** How to encode the message. */
  readonly limits: EncodeLimits;
  readonly destination: ReplyDestination;
  /** What must be durable before the reply leaves; see DhcpEngine.committed and DhcpEngine.commitFailed. */
  readonly changes: readonly LeaseChange[];
  /** Whether the changes only prolong what the client already holds, so that it may be answered on a full disk. */
  readonly renewal: boolean;
  /** An address that was never in use here: worth asking the network for before it is offered. */
  readonly probe?: Ipv4Address;
  readonly events: readonly DhcpEvent[];
}

/** Do not answer. There may still be changes: a DHCPRELEASE has no answer. */
export interface DhcpIgnore {
  readonly kind: 'ignore';
  readonly reason: IgnoreReason;
  readonly changes: readonly LeaseChange[];
  readonly events: readonly DhcpEvent[];
}

/** What to do about one packet. */
export type DhcpDecision = DhcpReply | DhcpIgnore;

const NOTHING: readonly never[] = [];

/** The decision to stay silent. */
export function ignore(
  reason: IgnoreReason,
  extra: { readonly changes?: readonly LeaseChange[]; readonly events?: readonly DhcpEvent[] } = {},
): DhcpIgnore {
  return { kind: 'ignore', reason, changes: extra.changes ?? NOTHING, events: extra.events ?? NOTHING };
}
