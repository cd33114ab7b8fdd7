import { messageTypeOf } from '../../../protocol/dhcp/message.ts';
import { MessageType, OptionCode } from '../../../protocol/dhcp/option-codes.ts';
import { readAddress } from '../../../protocol/dhcp/read-option.ts';
import {
  readRelayAgentInformation,
  type RelayAgentInformation,
} from '../../../protocol/dhcp/relay-agent-information.ts';
import { type Ipv4Address, ipv4ToNumber, UNSPECIFIED_ADDRESS } from '../../../protocol/ipv4-address.ts';
import type { IgnoreReason } from '../ignore-reason.ts';
import type { DhcpPacket } from '../dhcp-packet.ts';
import type { DhcpPolicy } from '../dhcp-policy.ts';
import type { LeaseBook } from '../leases/lease-book.ts';
import type { SubnetLeases } from '../leases/subnet-leases.ts';

const BOOT_SERVER_PORT = 4011;
/** RFC 3046 section 2.0: one option, whose length is one byte. */
const RELAY_INFORMATION_LENGTH_MAX = 255;

/** Where a client is, according to the packet. */
export interface Location {
  readonly kind: 'located';
  /** The client's subnet, and after it the others on the same link. */
  readonly subnets: readonly [SubnetLeases, ...SubnetLeases[]];
  /** Option 82, if it is present, trusted and well-formed. */
  readonly relay?: RelayAgentInformation;
  /** Option 118, if it is present and trusted. */
  readonly subnetSelection?: Ipv4Address;
}

/** Or why no subnet was found. */
export interface Unlocated {
  readonly kind: 'unlocated';
  readonly reason: IgnoreReason;
}

/** Finds the subnet of a client from its packet and from how the packet arrived. */
export class SubnetSelector {
  readonly #book: LeaseBook;
  readonly #policy: DhcpPolicy;
  readonly #isOurs: (address: Ipv4Address) => boolean;
  readonly #byRelay = new Map<Ipv4Address, SubnetLeases>();
  readonly #links = new Map<SubnetLeases, readonly [SubnetLeases, ...SubnetLeases[]]>();
  readonly #trustedRelays: ReadonlySet<Ipv4Address>;

  constructor(book: LeaseBook, policy: DhcpPolicy, isOurs: (address: Ipv4Address) => boolean) {
    this.#book = book;
    this.#policy = policy;
    this.#isOurs = isOurs;
    this.#trustedRelays = new Set(policy.trustedRelays);
    for (const leases of book.subnets) {
      const { subnet } = leases.compiled;
      for (const relay of subnet.relays) this.#byRelay.set(relay, leases);
      const others = book.subnets.filter(
        (other) =>
          other !== leases &&
          subnet.sharedNetwork !== undefined &&
          other.compiled.subnet.sharedNetwork === subnet.sharedNetwork,
      );
      this.#links.set(leases, [leases, ...others]);
    }
  }

  /**
   * The first of these that is present: link selection by the relay (RFC 3527) and subnet selection by the client (RFC
   * 3011), both only if trusted; the relay's address; the client's own address; the interface that received the packet.
   */
  locate(packet: DhcpPacket): Location | Unlocated {
    const { message, ingress, source } = packet;
    const { giaddr, options } = message;
    const relayed = giaddr !== UNSPECIFIED_ADDRESS;
    const relayBytes = options.get(OptionCode.relayAgentInformation);
    if (relayBytes !== undefined && !relayed && !this.#policy.trustOption82WithoutGiaddr) {
      // RFC 3046 section 2.1: only relays add it.
      return { kind: 'unlocated', reason: 'relay_information_without_relay' };
    }
    // Option 82 must be echoed whole, and a long one would leave no room for the lease's options.
    if (relayBytes !== undefined && relayBytes.length > RELAY_INFORMATION_LENGTH_MAX) {
      return { kind: 'unlocated', reason: 'relay_information_too_long' };
    }
    if (relayed && this.#isOurs(giaddr)) return { kind: 'unlocated', reason: 'own_probe' };
    const viaRelay = relayed ? this.#subnetOfRelay(giaddr, source.address) : undefined;
    if (relayed && viaRelay === undefined) return { kind: 'unlocated', reason: 'untrusted_relay' };

    const relay = relayBytes === undefined ? undefined : readRelayAgentInformation(relayBytes);
    const link = this.#policy.trustLinkSelection ? relay?.linkSelection : undefined;
    const asked = this.#policy.trustSubnetSelection
      ? readAddress(options, OptionCode.subnetSelection)
      : undefined;
    const named = link ?? asked;
    const subnet =
      named !== undefined
        ? this.#book.subnetOf(named)
        : (viaRelay ??
          this.#subnetOfSender(packet) ??
          this.#book.subnetOf(ingress.linkAddress ?? ingress.localAddress));
    const subnets = subnet && this.#links.get(subnet);
    if (subnets === undefined) return { kind: 'unlocated', reason: 'no_subnet' };
    return {
      kind: 'located',
      subnets,
      ...(relay !== undefined && { relay }),
      ...(asked !== undefined && { subnetSelection: asked }),
    };
  }

  /**
   * The subnet of a client that has an address, which may be behind a router. Only the source address counts: with
   * `ciaddr` a client could choose the subnet whose rules apply to it.
   */
  #subnetOfSender({ ingress, message, source }: DhcpPacket): SubnetLeases | undefined {
    const { ciaddr, options } = message;
    if (ingress.port === BOOT_SERVER_PORT) return this.#book.subnetOf(source.address);
    const type = messageTypeOf(message);
    const hasAddress =
      type === MessageType.inform ||
      type === MessageType.release ||
      (type === MessageType.request && !options.has(OptionCode.serverIdentifier));
    return hasAddress && ciaddr !== UNSPECIFIED_ADDRESS && ciaddr === source.address
      ? this.#book.subnetOf(ciaddr)
      : undefined;
  }

  /** The subnet behind a relay; undefined if no subnet declares the relay, or no reply may be sent to its address. */
  #subnetOfRelay(giaddr: Ipv4Address, source: Ipv4Address): SubnetLeases | undefined {
    if (!isReturnAddress(giaddr, this.#book)) return undefined;
    if (this.#policy.strictRelaySource && source !== giaddr && !this.#trustedRelays.has(source))
      return undefined;
    return this.#byRelay.get(giaddr) ?? this.#book.subnetOf(giaddr);
  }
}

/**
 * Whether a reply may be sent to the address: not 0.0.0.0/8, loopback, multicast, reserved, or a broadcast address
 * (global or of a served subnet).
 */
export function isReturnAddress(address: Ipv4Address, book: LeaseBook): boolean {
  const value = ipv4ToNumber(address);
  const octet = value >>> 24;
  if (octet === 0 || octet === 127 || octet >= 224) return false;
  const compiled = book.subnetOf(address)?.compiled;
  // RFC 3021: a /31 has no broadcast address.
  return compiled === undefined || compiled.size <= 2 || value !== compiled.base + compiled.size - 1;
}
