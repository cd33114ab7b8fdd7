import type { RemoteInfo, Socket } from 'node:dgram';
import type { Logger } from 'pino';
import { type Ipv4Address, UNSPECIFIED_ADDRESS } from '../../protocol/ipv4-address.ts';
import type { InterfaceWatcher } from '../../host/interface-watcher.ts';
import type { NetworkInterface } from '../../host/network-interfaces.ts';
import { openUdpSocket, UdpBindError } from '../udp/open-udp-socket.ts';
import { blksizeOfInterface, resolveListenAddress } from './listen-addresses.ts';
import type { TftpSettings } from './tftp-settings.ts';
import { TransferPort, type TransferPortParts } from './transfers/transfer-port.ts';
import { type BatchedCalls, TransferPorts } from './transfers/transfer-ports.ts';
import type { TurnBudget } from './transfers/turn-budget.ts';

/** Where to listen. 0.0.0.0 means every address of the host, including those that are added later. */
export interface TftpPlace {
  readonly address: Ipv4Address;
  /** 0 lets the kernel choose. */
  readonly port: number;
}

/** An address that receives requests. */
export interface TftpListener {
  readonly address: Ipv4Address;
  readonly place: TftpPlace;
  readonly socket: Socket;
  readonly blksizeMax: number;
  /** The port from which transfers are sent; in single-port mode the one of the listener. */
  readonly ports: Pick<TransferPorts, 'choose' | 'close'>;
  /** The listener's own port, if transfers are sent from it. */
  readonly singlePort?: TransferPort;
}

/** What listeners depend on, and their callbacks. */
export interface TftpListenersParts extends Pick<TransferPortParts, 'now' | 'onStranger'> {
  readonly places: readonly TftpPlace[];
  readonly settings: Pick<TftpSettings, 'blksizeMax' | 'portRange' | 'singlePort'>;
  readonly batched: BatchedCalls | undefined;
  readonly turn: TurnBudget;
  readonly log: Logger;
  /** Lists the addresses, and notifies of changes. */
  readonly watcher: Pick<InterfaceWatcher, 'interfaces' | 'follow'>;
  /** A listener received a packet. */
  readonly onPacket: (listener: TftpListener, bytes: Buffer, from: RemoteInfo) => void;
  /** The address of a listener was removed, and its sockets are about to be closed. */
  readonly onGone: (listener: TftpListener) => void;
}

/** Size of the kernel's buffer for waiting requests: some 2,000 of a boot storm. */
const RECEIVE_BUFFER_BYTES = 4 << 20;

/**
 * The addresses that a TFTP server listens on: with the wildcard all of the host's, including those that are added
 * later.
 */
export class TftpListeners {
  readonly #parts: TftpListenersParts;
  readonly #open: TftpListener[] = [];
  #unfollow: (() => void) | undefined;
  /** The addresses that could not be opened at the last attempt. Each is logged once until it works. */
  #failing: ReadonlySet<string> = new Set();
  #closed = false;

  private constructor(parts: TftpListenersParts) {
    this.#parts = parts;
  }

  /**
   * Opens the ports, and follows changes of the addresses: the server waits for an address that the host does not have
   * yet. Rejects with UdpBindError, which names the port and says what to do; nothing is left open then.
   */
  static async open(parts: TftpListenersParts): Promise<TftpListeners> {
    const { log, places, watcher } = parts;
    const listeners = new TftpListeners(parts);
    const waiting = new Set<string>();
    try {
      await listeners.#openMissing(places, watcher.interfaces, (address, error) => {
        if (!(error instanceof UdpBindError) || error.code !== 'EADDRNOTAVAIL') throw error;
        waiting.add(address);
        log.warn(
          { local: address },
          'tftp does not listen on this address yet: no interface has it; listening starts as soon as one does',
        );
      });
    } catch (error) {
      listeners.close();
      throw error;
    }
    listeners.#failing = waiting;
    listeners.#unfollow = watcher.follow((interfaces) => listeners.#follow(interfaces));
    return listeners;
  }

  /** The addresses and ports that it listens on. */
  get addresses(): { address: Ipv4Address; port: number }[] {
    return this.#open.map(({ address, socket }) => ({ address, port: socket.address().port }));
  }

  /** Stops following addresses; open ports stay open. */
  freeze(): void {
    this.#closed = true;
    this.#unfollow?.();
  }

  /** What is not listened on yet, each in a sentence. */
  get waiting(): readonly string[] {
    return [...this.#failing].map((address) => `tftp does not listen on ${address} yet`);
  }

  /** Closes all ports; no transfer may be using them. */
  close(): void {
    this.freeze();
    for (const listener of this.#open.splice(0)) closeListener(listener);
  }

  /** Opens ports for added addresses, and closes those of removed ones. */
  async #follow(interfaces: readonly NetworkInterface[]): Promise<void> {
    const { log, onGone, places } = this.#parts;
    const failing = new Set<string>();
    for (const listener of this.#open.filter((one) => isGone(one, interfaces))) {
      log.warn({ local: listener.address }, 'tftp stopped listening: the address is gone');
      this.#open.splice(this.#open.indexOf(listener), 1);
      onGone(listener);
      closeListener(listener);
    }
    const before = this.#open.length;
    await this.#openMissing(places, interfaces, (address, error) => {
      failing.add(address);
      if (!this.#failing.has(address)) {
        log.error({ err: error, local: address }, 'tftp cannot listen; trying again');
      }
    });
    for (const { address } of this.#open.slice(before)) {
      log.info({ local: address }, 'tftp listens on a new address');
    }
    this.#failing = failing;
  }

  /** Opens the missing ports, each address and port once. `failed` is called for each that could not be opened. */
  async #openMissing(
    places: readonly TftpPlace[],
    interfaces: readonly NetworkInterface[],
    failed: (address: Ipv4Address, error: unknown) => void,
  ): Promise<void> {
    for (const place of places) {
      for (const address of resolveListenAddress(place.address, interfaces)) {
        if (this.#isOpen(address, place)) continue;
        await this.#listen(address, place, interfaces).catch((error: unknown) => failed(address, error));
      }
    }
  }

  #isOpen(address: Ipv4Address, place: TftpPlace): boolean {
    return this.#open.some((one) => {
      const samePort = one.place === place || (place.port !== 0 && one.place.port === place.port);
      return samePort && one.address === address;
    });
  }

  async #listen(
    address: Ipv4Address,
    place: TftpPlace,
    interfaces: readonly NetworkInterface[],
  ): Promise<void> {
    const { batched, log, now, onPacket, onStranger, settings, turn } = this.#parts;
    const blksizeMax = settings.blksizeMax ?? blksizeOfInterface(address, interfaces);
    const { socket } = await openUdpSocket({
      address,
      port: place.port,
      reuseAddress: false,
      broadcast: false,
      receiveBufferBytes: RECEIVE_BUFFER_BYTES,
    });
    const onError = (error: Error): void => log.error({ err: error, local: address }, 'tftp socket');
    const parts = { now, onError, onStranger, turn };
    let listener: TftpListener;
    if (settings.singlePort) {
      const singlePort = new TransferPort({ ...parts, socket });
      listener = { address, place, socket, blksizeMax, singlePort, ports: new TransferPorts([singlePort]) };
    } else {
      const opening = TransferPorts.open(address, settings.portRange, batched, parts);
      const ports = await opening.catch((error: unknown) => {
        socket.close();
        throw error;
      });
      listener = { address, place, socket, blksizeMax, ports };
    }
    if (this.#closed) {
      closeListener(listener);
      return;
    }
    this.#open.push(listener);
    socket.on('message', (bytes, from) => onPacket(listener, bytes, from));
    socket.on('error', onError);
  }
}

function isWildcard({ address }: TftpPlace): boolean {
  return address === UNSPECIFIED_ADDRESS;
}

function isGone({ address, place }: TftpListener, interfaces: readonly NetworkInterface[]): boolean {
  return isWildcard(place) && !interfaces.some(({ addresses }) => addresses.includes(address));
}

function closeListener({ ports, singlePort, socket }: TftpListener): void {
  ports.close();
  if (singlePort === undefined) socket.close();
}
