import type { Logger } from 'pino';
import { type Ipv4Address, parseIpv4, UNSPECIFIED_ADDRESS } from '../../protocol/ipv4-address.ts';
import type { ReplyDestination } from '../../provision/dhcp/replies/dhcp-decision.ts';
import type { DhcpPort, Ingress } from '../../provision/dhcp/dhcp-packet.ts';
import { describeAbsence, lacksCarrier } from '../../host/interface-state.ts';
import type { InterfaceWatcher } from '../../host/interface-watcher.ts';
import { interfaceSignature, type NetworkInterface } from '../../host/network-interfaces.ts';
import { DatagramBatches } from '../udp/datagram-batches.ts';
import { adoptUdpSocket, openUdpSocket, UdpBindError, type UdpSocket } from '../udp/open-udp-socket.ts';
import type { PassedSocket } from '../udp/socket-activation.ts';
import { loadSocketCalls, type SocketCalls } from '../udp/socket-calls.ts';
import { OtherAddressSockets } from './other-address-sockets.ts';
import { ReplySender } from './reply-sender.ts';

/** Where the DHCP server listens. */
export interface DhcpSocketSettings {
  /** Names of the network interfaces to serve; no other interface is ever answered. */
  readonly interfaces: readonly string[];
  /**
   * Whether another program of this host may also bind port 67 of the same interface, as is needed for a proxy beside a
   * DHCP server. Both get every broadcast; of unicast packets to this host only one of them gets each.
   */
  readonly sharePorts: boolean;
  /** Sockets that systemd opened; each is named after its interface. If there are any, none are opened here. */
  readonly passedSockets?: readonly PassedSocket[];
  /** Size in bytes of the kernel's buffer for each socket. */
  readonly receiveBufferBytes?: number;
}

/** The callbacks of the sockets. */
export interface DhcpSocketListener {
  /** A datagram was received. The receiver may keep `bytes`. */
  receive(bytes: Uint8Array, source: DatagramSource, ingress: Ingress): void;
  /** The current addresses of this host. */
  addressesChanged(addresses: readonly Ipv4Address[]): void;
  /** A datagram could not be sent, or a socket reported an error. `code` is like `ENETUNREACH`. */
  failed(code: string): void;
}

/** The source of a datagram. */
export interface DatagramSource {
  readonly address: Ipv4Address;
  readonly port: number;
}

/** Enough for the answers of two seconds to a boot storm. */
const RECEIVE_BUFFER_BYTES = 8 * 1024 * 1024;
/** Error codes of the kernel for an interface or address that was just removed. */
const GONE = new Set(['ENODEV', 'EADDRNOTAVAIL']);

/** The sockets of one interface, and the state of the interface when they were opened. */
interface Served {
  readonly signature: string;
  readonly sockets: readonly UdpSocket[];
  /** Absent where systemd opens the sockets. */
  readonly others?: OtherAddressSockets;
}

/**
 * The sockets of the DHCP server. Each interface has one that takes its broadcasts on port 67, and for each address two
 * on ports 67 and 4011, so that it is known which address was asked, and the answer leaves from it. Addresses of other
 * interfaces can be asked through this one, too, and have the same, opened and closed as they come and go.
 *
 * With `sharePorts` port 67 has the socket for broadcasts alone while the interface has one address: a socket of one
 * address would take from the other server what its clients send to that address.
 *
 * The server waits for an interface that does not exist yet, is down or has no address, and serves the others
 * meanwhile. An interface without a carrier is served: packets arrive as soon as it has one.
 */
export class DhcpSockets {
  readonly #settings: DhcpSocketSettings;
  readonly #watcher: InterfaceWatcher;
  readonly #listener: DhcpSocketListener;
  readonly #log: Logger;
  readonly #served = new Map<string, Served>();
  readonly #sender: ReplySender;
  #calls: SocketCalls | undefined;
  #batches: DatagramBatches | undefined;
  /** Sockets of systemd whose interface is not ready yet. */
  #passed: readonly PassedSocket[];
  /** The interfaces that are not ready yet, each with the reason that was logged. */
  readonly #awaited = new Map<string, string>();
  #unfollow: (() => void) | undefined;
  #addresses = '';

  constructor(
    settings: DhcpSocketSettings,
    watcher: InterfaceWatcher,
    listener: DhcpSocketListener,
    log: Logger,
  ) {
    this.#settings = settings;
    this.#watcher = watcher;
    this.#passed = settings.passedSockets ?? [];
    this.#listener = listener;
    this.#log = log;
    this.#sender = new ReplySender((code) => listener.failed(code));
  }

  /**
   * Opens the sockets that can be opened, and then follows changes of the interfaces. Rejects, with nothing left open,
   * if the settings are wrong or another program holds a port.
   */
  async open(): Promise<void> {
    const { interfaces } = this.#watcher;
    try {
      this.#tellAddresses(interfaces);
      if (this.#passed.length > 0) {
        this.#checkNames(this.#passed);
        await this.#adopt(interfaces);
      } else await this.#openAll(interfaces);
    } catch (error) {
      this.close();
      throw error;
    }
    this.#unfollow = this.#watcher.follow((now) => this.#follow(now));
  }

  /** What is not served yet, each in a sentence. */
  get waiting(): readonly string[] {
    return [...this.#awaited].map(([name, reason]) => `dhcp is not served on ${name} yet: it ${reason}`);
  }

  /**
   * Sends from the socket that received the request. Failures are reported to the listener: the client will ask again.
   */
  send(bytes: Uint8Array, destination: ReplyDestination): void {
    this.#sender.send(bytes, destination);
  }

  /** Stops receiving; decided replies can still be sent. */
  stopReceiving(): void {
    for (const { others, sockets } of this.#served.values()) {
      for (const { socket } of [...sockets, ...(others?.sockets ?? [])]) socket.removeAllListeners('message');
    }
  }

  close(): void {
    this.#unfollow?.();
    this.#sender.flush();
    for (const name of [...this.#served.keys()]) this.#shut(name);
  }

  async #openAll(interfaces: readonly NetworkInterface[]): Promise<void> {
    const { interfaces: names } = this.#settings;
    try {
      this.#calls = await loadSocketCalls();
      this.#batches = DatagramBatches.create(this.#calls);
      this.#sender.batches = this.#batches;
    } catch (error) {
      requireOneInterface(names, interfaces, error);
    }
    for (const name of names) {
      const one = interfaces.find((each) => each.name === name);
      if (one === undefined) {
        this.#awaitInterface(name);
        continue;
      }
      try {
        await this.#serve(one);
        await this.#served.get(name)?.others?.follow(interfaces);
      } catch (error) {
        // It was removed after it was listed, and may come back.
        if (!(error instanceof UdpBindError && GONE.has(error.code))) throw error;
        this.#shut(name);
        this.#awaitInterface(name);
      }
    }
  }

  /** Logs once that an interface is not served, and why. */
  #awaitInterface(name: string): void {
    const reason = describeAbsence(name);
    if (this.#awaited.get(name) === reason) return;
    this.#awaited.set(name, reason);
    this.#log.warn(
      { interface: name },
      `dhcp is not served on ${name} yet: it ${reason}; it is served as soon as it is up and has an IPv4 address`,
    );
  }

  /** Opens the sockets of an interface. */
  async #serve(one: NetworkInterface): Promise<void> {
    const { sharePorts } = this.#settings;
    const sockets: UdpSocket[] = [];
    const others = this.#othersOf(one);
    this.#served.set(one.name, { signature: interfaceSignature(one), sockets, others });
    const open = async (address: Ipv4Address, port: DhcpPort, reuseAddress: boolean): Promise<UdpSocket> => {
      const socket = await this.#open(one.name, address, port, reuseAddress);
      sockets.push(socket);
      return socket;
    };

    if (!sharePorts) {
      // Our own sockets must share the port with each other, so a separate socket tests whether another program holds
      // it.
      const alone = await open(UNSPECIFIED_ADDRESS, 67, false);
      sockets.pop();
      await new Promise<void>((closed) => alone.socket.close(closed));
    }
    const broadcasts = await open(UNSPECIFIED_ADDRESS, 67, true);
    const [primary, ...further] = one.addresses;
    // A socket bound to all addresses sends from the one that suits the route, which may name another one (`src`).
    const separate = !sharePorts || further.length > 0 || this.#calls === undefined;
    const sender = separate ? await open(primary, 67, true) : broadcasts;
    this.#listen(broadcasts, { interface: one.name, localAddress: primary, port: 67 }, sender);
    if (separate) this.#listen(sender, { interface: one.name, localAddress: primary, port: 67 });
    for (const address of further) {
      this.#listen(await open(address, 67, true), { interface: one.name, localAddress: address, port: 67 });
    }
    for (const address of one.addresses) {
      const socket = await open(address, 4011, sharePorts);
      this.#listen(socket, { interface: one.name, localAddress: address, port: 4011 });
    }
    this.#log.info({ interface: one.name, addresses: one.addresses }, 'dhcp listens on ports 67 and 4011');
    this.#listening(one.name);
  }

  #othersOf(served: NetworkInterface): OtherAddressSockets {
    const { sharePorts } = this.#settings;
    return new OtherAddressSockets({
      served,
      ports: sharePorts ? [4011] : [67, 4011],
      // On port 67 there is the socket for broadcasts already, which is on all addresses.
      open: (address, port) => this.#open(served.name, address, port, sharePorts || port === 67),
      listen: (socket, ingress) => this.#listen(socket, ingress),
      forget: (address) => this.#sender.remove(served.name, address),
      log: this.#log,
    });
  }

  #open(device: string, address: Ipv4Address, port: DhcpPort, reuseAddress: boolean): Promise<UdpSocket> {
    const { receiveBufferBytes = RECEIVE_BUFFER_BYTES } = this.#settings;
    const calls = this.#calls;
    return openUdpSocket({
      receiveBufferBytes,
      ...(calls !== undefined && { device, calls }),
      address,
      port,
      reuseAddress,
    });
  }

  #listening(name: string): void {
    this.#awaited.delete(name);
    if (!lacksCarrier(name)) return;
    this.#log.warn(
      { interface: name },
      `${name} has no carrier, so no machine can reach it: connect its cable, or a port to the bridge`,
    );
  }

  /** The names of systemd's sockets are those of the interfaces to serve. */
  #checkNames(passed: readonly PassedSocket[]): void {
    const { interfaces: names } = this.#settings;
    const other = passed.find(({ name }) => !names.includes(name));
    if (other === undefined) return;
    throw new Error(
      `systemd passed a socket named ${JSON.stringify(other.name)}; its unit needs FileDescriptorName= and BindToDevice= with one of the interfaces that DHCP is served on: ${names.join(', ') || 'dhcp.interfaces is empty'}`,
    );
  }

  /**
   * Takes over the sockets of systemd whose interface has an address, for as long as the process runs. The others are
   * taken over when their interface is ready; until then the kernel keeps what they receive.
   */
  async #adopt(interfaces: readonly NetworkInterface[]): Promise<void> {
    const { receiveBufferBytes = RECEIVE_BUFFER_BYTES } = this.#settings;
    const waiting: PassedSocket[] = [];
    const adopted = new Set<string>();
    for (const passed of this.#passed) {
      const { fd, name } = passed;
      const one = interfaces.find((each) => each.name === name);
      if (one === undefined) {
        waiting.push(passed);
        this.#awaitInterface(name);
        continue;
      }
      const socket = await adoptUdpSocket(fd, receiveBufferBytes);
      const { address, port } = socket.socket.address();
      if (port !== 67 && port !== 4011) {
        socket.socket.close();
        throw new Error(`systemd passed a socket on port ${port} for ${name}; DHCP needs ports 67 and 4011`);
      }
      const bound = parseIpv4(address) ?? UNSPECIFIED_ADDRESS;
      const localAddress = bound === UNSPECIFIED_ADDRESS ? one.addresses[0] : bound;
      const isOwn = one.addresses.includes(localAddress);
      this.#listen(socket, {
        interface: name,
        localAddress,
        ...(!isOwn && { linkAddress: one.addresses[0] }),
        port,
      });
      const known = this.#served.get(name)?.sockets ?? [];
      this.#served.set(name, {
        signature: interfaceSignature(one),
        sockets: [...known, socket],
      });
      adopted.add(name);
    }
    this.#passed = waiting;
    for (const name of adopted) {
      this.#log.info({ interface: name }, 'dhcp listens on the sockets that systemd opened');
      this.#listening(name);
    }
  }

  #listen(listening: UdpSocket, ingress: Ingress, sender = listening): void {
    this.#sender.add(ingress, sender);
    const { fd, socket } = listening;
    let drained = false;
    const take = (bytes: Uint8Array, source: DatagramSource): void => {
      this.#listener.receive(bytes, source, ingress);
    };
    socket.on('message', (bytes, source) => {
      // A socket of IPv4 gives the addresses of its peers in canonical dotted quad.
      take(bytes, { address: source.address as Ipv4Address, port: source.port });
      // Where one packet is, there are more: in a storm dozens are received with one call. Only once in a turn of the
      // event loop, or leases would not be written until the storm is over.
      if (fd === undefined || this.#batches === undefined || drained) return;
      drained = true;
      setImmediate(() => (drained = false));
      this.#batches.receive(fd, take);
    });
    socket.on('error', (error) => this.#listener.failed(codeOf(error)));
  }

  /** Closes the sockets of an interface. */
  #shut(name: string): void {
    const served = this.#served.get(name);
    this.#served.delete(name);
    this.#sender.remove(name);
    for (const { socket } of served?.sockets ?? []) socket.close();
    served?.others?.close();
  }

  #tellAddresses(interfaces: readonly NetworkInterface[]): void {
    const addresses = interfaces.flatMap((one) => one.addresses);
    const text = addresses.join(' ');
    if (text === this.#addresses) return;
    this.#addresses = text;
    this.#listener.addressesChanged(addresses);
  }

  async #follow(interfaces: readonly NetworkInterface[]): Promise<void> {
    this.#tellAddresses(interfaces);
    if ((this.#settings.passedSockets?.length ?? 0) > 0) await this.#adopt(interfaces);
    else for (const name of this.#settings.interfaces) await this.#followInterface(name, interfaces);
  }

  /**
   * Reopens the sockets of an interface that was added or changed. An interface that was removed keeps its sockets
   * until it is back.
   */
  async #followInterface(name: string, interfaces: readonly NetworkInterface[]): Promise<void> {
    const served = this.#served.get(name);
    const one = interfaces.find((each) => each.name === name);
    if (one === undefined) {
      if (served === undefined) this.#awaitInterface(name);
      return;
    }
    if (served?.signature === interfaceSignature(one)) {
      await served.others?.follow(interfaces);
      return;
    }
    if (served !== undefined) {
      this.#log.warn({ interface: name, addresses: one.addresses }, 'the interface has changed');
    }
    this.#shut(name);
    try {
      await this.#serve(one);
      await this.#served.get(name)?.others?.follow(interfaces);
    } catch (error) {
      this.#shut(name);
      this.#listener.failed(codeOf(error));
      this.#log.error({ interface: name, err: error }, 'dhcp cannot listen; trying again');
    }
  }
}

/**
 * Without sockets for each interface the network of a broadcast is unknown, and an answer with the wrong network's
 * address is worse than none: only a host with a single network can do without.
 */
function requireOneInterface(
  names: readonly string[],
  interfaces: readonly NetworkInterface[],
  reason: unknown,
): void {
  const networks = interfaces.filter((one) => !one.loopback);
  if (names.length === 1 && networks.every((one) => one.name === names[0])) return;
  const why = reason instanceof Error ? reason.message : String(reason);
  throw new Error(
    `this host has the networks ${networks.map((one) => one.name).join(', ')}, and Railhead cannot tell on which one a DHCP broadcast arrived (${why}); reinstall the koffi package for this platform, or let systemd open the sockets (BindToDevice=), or run in a network namespace with one interface`,
    { cause: reason },
  );
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}
