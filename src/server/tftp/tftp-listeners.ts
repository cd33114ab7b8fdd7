import type { RemoteInfo, Socket } from 'node:dgram';
import type { Logger } from 'pino';
import { type Ipv4Address, UNSPECIFIED_ADDRESS } from '../../protocol/ipv4-address.ts';
import { listNetworkInterfaces, type NetworkInterface } from '../../host/network-interfaces.ts';
import { openUdpSocket } from '../udp/open-udp-socket.ts';
import { blksizeOfInterface, resolveListenAddress } from './listen-addresses.ts';
import type { TftpSettings } from './tftp-settings.ts';
import { TransferPort, type TransferPortParts } from './transfers/transfer-port.ts';
import { type BatchedCalls, TransferPorts } from './transfers/transfer-ports.ts';
import type { TurnBudget } from './transfers/turn-budget.ts';

/** Where to listen. 0.0.0.0 stands for every address that the host has, also those that come later. */
export interface TftpPlace {
  readonly address: Ipv4Address;
  /** 0 is one of the kernel's choice. */
  readonly port: number;
}

/** An address that requests come to. */
export interface TftpListener {
  readonly address: Ipv4Address;
  readonly place: TftpPlace;
  readonly socket: Socket;
  readonly blksizeMax: number;
  /** Where transfers are sent from; with a single port only the one of the listener. */
  readonly ports: Pick<TransferPorts, 'choose' | 'close'>;
  /** The listener's own port, if transfers are sent from it. */
  readonly singlePort?: TransferPort;
}

/** What listeners are made of, and whom they tell. */
export interface TftpListenersParts extends Pick<TransferPortParts, 'now' | 'onStranger'> {
  readonly places: readonly TftpPlace[];
  readonly settings: Pick<TftpSettings, 'blksizeMax' | 'portRange' | 'singlePort'>;
  readonly batched: BatchedCalls | undefined;
  readonly turn: TurnBudget;
  readonly log: Logger;
  readonly listInterfaces: (() => readonly NetworkInterface[]) | undefined;
  /** A packet came to a listener. */
  readonly onPacket: (listener: TftpListener, bytes: Buffer, from: RemoteInfo) => void;
  /** The address of a listener is gone, and its sockets are about to be closed. */
  readonly onGone: (listener: TftpListener) => void;
}

/** Requests that wait in the kernel while we are busy: some 2,000 of a boot storm. */
const RECEIVE_BUFFER_BYTES = 4 << 20;
/** Node does not tell when addresses change, so they are looked at. */
const POLL_MS = 2_000;

/** The addresses that a TFTP server listens on. With the wildcard they follow those of the host. */
export class TftpListeners {
  readonly #parts: TftpListenersParts;
  readonly #open: TftpListener[] = [];
  #poll: NodeJS.Timeout | undefined;
  /** What could not be done when last tried: addresses, or `look`. It is logged once until it works. */
  #failing: ReadonlySet<string> = new Set();
  #closed = false;

  private constructor(parts: TftpListenersParts) {
    this.#parts = parts;
  }

  /** Opens the ports. Rejects with UdpBindError, which names the port and says what to do; then nothing is open. */
  static async open(parts: TftpListenersParts): Promise<TftpListeners> {
    const listeners = new TftpListeners(parts);
    try {
      await listeners.#openMissing(parts.places, listeners.#look(), (_address, error) => {
        throw error;
      });
    } catch (error) {
      listeners.close();
      throw error;
    }
    if (parts.places.some(isWildcard)) listeners.#followLater();
    return listeners;
  }

  /** Where it listens. */
  get addresses(): { address: Ipv4Address; port: number }[] {
    return this.#open.map(({ address, socket }) => ({ address, port: socket.address().port }));
  }

  /** Follows no more addresses; what is open stays so. */
  freeze(): void {
    this.#closed = true;
    clearTimeout(this.#poll);
  }

  /** Closes all ports, from which nothing may be under way any more. */
  close(): void {
    this.freeze();
    for (const listener of this.#open.splice(0)) closeListener(listener);
  }

  #look(): readonly NetworkInterface[] {
    return (this.#parts.listInterfaces ?? listNetworkInterfaces)();
  }

  #followLater(): void {
    this.#poll = setTimeout(() => {
      void this.#follow().finally(() => {
        if (!this.#closed) this.#followLater();
      });
    }, POLL_MS);
  }

  /** Listens on addresses that have come, and no more on those that are gone. Never rejects. */
  async #follow(): Promise<void> {
    const { log, onGone, places } = this.#parts;
    const failing = new Set<string>();
    const fail = (what: string, error: unknown, message: string): void => {
      failing.add(what);
      if (!this.#failing.has(what)) log.error({ err: error, local: what }, message);
    };
    try {
      const interfaces = this.#look();
      for (const listener of this.#open.filter((one) => isGone(one, interfaces))) {
        log.warn({ local: listener.address }, 'tftp: the address is gone');
        this.#open.splice(this.#open.indexOf(listener), 1);
        onGone(listener);
        closeListener(listener);
      }
      const before = this.#open.length;
      await this.#openMissing(places.filter(isWildcard), interfaces, (address, error) =>
        fail(address, error, 'tftp cannot listen; trying again'),
      );
      for (const { address } of this.#open.slice(before)) {
        log.info({ local: address }, 'tftp listens on a new address');
      }
    } catch (error) {
      fail('look', error, 'tftp cannot look for addresses; trying again');
    }
    this.#failing = failing;
  }

  /** Opens what is to be listened on and is not yet, each address and port once. `failed` is told what could not be. */
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
