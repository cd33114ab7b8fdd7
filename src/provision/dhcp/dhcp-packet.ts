import type { DhcpMessage } from '../../protocol/dhcp/message.ts';
import type { Ipv4Address } from '../../protocol/ipv4-address.ts';

/** Ports that requests arrive on: DHCP's own, and the one of PXE boot servers (PXE 2.1 section 2.2.4). */
export type DhcpPort = 67 | 4011;

/** Where a packet arrived, and from where its reply must be sent: firmware drops replies from another address. */
export interface Ingress {
  /** Name of the network interface, `eth1`. */
  readonly interface: string;
  /** The address the packet was sent to; for a broadcast, the interface's primary address. */
  readonly localAddress: Ipv4Address;
  /**
   * The interface's primary address, where `localAddress` is one of another interface, as of `lo`: it tells which
   * network the interface is on. Absent: `localAddress` does.
   */
  readonly linkAddress?: Ipv4Address;
  readonly port: DhcpPort;
}

/** A decoded request with what the socket knows about it. */
export interface DhcpPacket {
  readonly message: DhcpMessage;
  readonly ingress: Ingress;
  /** Source address and port of the datagram; 0.0.0.0 from a client without an address. */
  readonly source: { readonly address: Ipv4Address; readonly port: number };
  /** Bytes of UDP payload; bounds what a forged request on port 4011 can make us send to a third party. */
  readonly size: number;
}
