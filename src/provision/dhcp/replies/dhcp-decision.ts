import type { EncodeLimits } from '../../../protocol/dhcp/encode.ts';
import type { DhcpMessage } from '../../../protocol/dhcp/message.ts';
import type { Ipv4Address } from '../../../protocol/ipv4-address.ts';
import type { DhcpEvent } from '../dhcp-event.ts';
import type { Ingress } from '../dhcp-packet.ts';
import type { LeaseName } from '../../dns/lease-name.ts';
import type { IgnoreReason } from '../ignore-reason.ts';
import type { LeaseChange } from '../leases/lease.ts';

/** The destination of a reply, and its source: the socket of `from`, whose port is the source port. */
export interface ReplyDestination {
  readonly address: Ipv4Address;
  readonly port: number;
  readonly from: Ingress;
}

/** Send a reply. */
export interface DhcpReply {
  readonly kind: 'reply';
  readonly message: DhcpMessage;
  /** How to encode the message. */
  readonly limits: EncodeLimits;
  readonly destination: ReplyDestination;
  /** What must be durable before the reply is sent; see DhcpEngine.committed and DhcpEngine.commitFailed. */
  readonly changes: readonly LeaseChange[];
  /**
   * Whether the changes only renew a lease that the client already holds, so that it may be answered although the disk
   * is full.
   */
  readonly renewal: boolean;
  /** An address to probe on the network before it is offered, because it was never leased here. */
  readonly probe?: Ipv4Address;
  /** The name in DNS of a new or renewed lease. */
  readonly leaseName?: LeaseName;
  /** The machine whose record was found. */
  readonly machineId?: string;
  readonly events: readonly DhcpEvent[];
}

/** What is accepted without a reply. */
export type AcceptedNotice =
  /** DHCPRELEASE from the address's holder. */
  | 'release'
  /** DHCPDECLINE from the client that was given the address. */
  | 'decline'
  /** A host without a lease answered for an address that was about to be offered. */
  | 'conflict';

/** Change leases and send no reply: the protocol has none to a DHCPRELEASE or a DHCPDECLINE. */
export interface DhcpAccept {
  readonly kind: 'accept';
  readonly notice: AcceptedNotice;
  readonly changes: readonly LeaseChange[];
  readonly events: readonly DhcpEvent[];
}

/** Send no reply, and change nothing. */
export interface DhcpIgnore {
  readonly kind: 'ignore';
  readonly reason: IgnoreReason;
  readonly events: readonly DhcpEvent[];
}

/** What to do about one packet. */
export type DhcpDecision = DhcpReply | DhcpAccept | DhcpIgnore;

const NO_EVENTS: readonly never[] = [];

/** A decision to send no reply. */
export function ignore(reason: IgnoreReason, events: readonly DhcpEvent[] = NO_EVENTS): DhcpIgnore {
  return { kind: 'ignore', reason, events };
}

/** The lease changes of a decision; none if the packet is ignored. */
export function changesOf(decision: DhcpDecision): readonly LeaseChange[] {
  return decision.kind === 'ignore' ? NO_EVENTS : decision.changes;
}
