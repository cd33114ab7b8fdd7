import type { Logger } from 'pino';
import type { NetworkInterface } from '../../host/network-interfaces.ts';
import type { Ipv4Address } from '../../protocol/ipv4-address.ts';
import type { DhcpPort, Ingress } from '../../provision/dhcp/dhcp-packet.ts';
import { UdpBindError, type UdpSocket } from '../udp/open-udp-socket.ts';

/** What the sockets of one interface for addresses of others are made with. */
export interface OtherAddressParts {
  /** The interface whose packets they take. */
  readonly served: NetworkInterface;
  readonly ports: readonly DhcpPort[];
  readonly open: (address: Ipv4Address, port: DhcpPort) => Promise<UdpSocket>;
  /** Takes what comes in on a socket, and sends the answers from it. */
  readonly listen: (socket: UdpSocket, ingress: Ingress) => void;
  /** The sockets of an address are about to be closed. */
  readonly forget: (address: Ipv4Address) => void;
  readonly log: Logger;
}

/** Each address costs two sockets for each interface that is served. */
const ADDRESSES_MAX = 64;
/** The address has gone since it was listed. */
const GONE = 'EADDRNOTAVAIL';

/**
 * The sockets by which one interface is asked at addresses that other interfaces of this host have, so that the answer
 * leaves from the address that was asked. They come and go with the addresses, and no other socket is touched.
 */
export class OtherAddressSockets {
  readonly #parts: OtherAddressParts;
  readonly #open = new Map<Ipv4Address, readonly UdpSocket[]>();
  /** Addresses that could not be listened on when last tried. Each is logged once until it works. */
  readonly #refused = new Set<Ipv4Address>();

  constructor(parts: OtherAddressParts) {
    this.#parts = parts;
  }

  get sockets(): readonly UdpSocket[] {
    return [...this.#open.values()].flat();
  }

  /** Listens on addresses that have come, and no more on those that are gone. Does not reject. */
  async follow(interfaces: readonly NetworkInterface[]): Promise<void> {
    const { log, served } = this.#parts;
    const wanted = otherAddresses(served, interfaces);
    for (const address of this.#open.keys()) {
      if (wanted.includes(address)) continue;
      log.info({ interface: served.name, address }, 'dhcp stopped listening on an address that is gone');
      this.#close(address);
    }
    for (const address of wanted) if (!this.#open.has(address)) await this.#listen(address);
  }

  close(): void {
    for (const address of this.#open.keys()) this.#close(address);
  }

  #close(address: Ipv4Address): void {
    this.#parts.forget(address);
    for (const { socket } of this.#open.get(address) ?? []) socket.close();
    this.#open.delete(address);
  }

  /** Where another program has the address, it is left to that program. */
  async #listen(address: Ipv4Address): Promise<void> {
    const { listen, log, open, ports, served } = this.#parts;
    const { name, addresses } = served;
    const sockets: UdpSocket[] = [];
    this.#open.set(address, sockets);
    try {
      for (const port of ports) {
        const socket = await open(address, port);
        sockets.push(socket);
        listen(socket, { interface: name, localAddress: address, linkAddress: addresses[0], port });
      }
    } catch (error) {
      this.#close(address);
      if (this.#refused.has(address) || (error instanceof UdpBindError && error.code === GONE)) return;
      this.#refused.add(address);
      log.warn(
        { interface: name, address, err: error },
        'dhcp cannot listen on this address of another interface; requests sent to it are answered from an address of this interface',
      );
      return;
    }
    this.#refused.delete(address);
    log.info({ interface: name, address }, 'dhcp listens on an address of another interface');
  }
}

/**
 * Addresses by which relays and clients on an interface can reach this host, although other interfaces have them: the
 * kernel takes packets for any address of the host on any interface. Those of `lo` come first, where addresses are that
 * servers share (anycast) or take over from one another; 127.0.0.0/8 is no address on a network.
 */
function otherAddresses(
  served: NetworkInterface,
  interfaces: readonly NetworkInterface[],
): readonly Ipv4Address[] {
  const others = interfaces
    .filter(({ name }) => name !== served.name)
    .sort((a, b) => Number(b.loopback) - Number(a.loopback))
    .flatMap(({ addresses }) => addresses)
    .filter((address) => !address.startsWith('127.') && !served.addresses.includes(address));
  return [...new Set(others)].slice(0, ADDRESSES_MAX);
}
