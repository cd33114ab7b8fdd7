import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { Ipv4Address } from '../../protocol/ipv4-address.ts';
import { ADDRESSES_ONLY } from '../udp/open-udp-socket.ts';

/** A port that a transfer has left, or that another program holds, is let alone for this long: late packets. */
const QUARANTINE_MS = 10_000;
/** Ports tried for one transfer before it is given up. */
const TRIES_MAX = 16;

/** Ports from which transfers are sent, inclusive; for a firewall between server and machines. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** Opens the sockets of transfers: one each, on the address that was asked, since clients take no other sender. */
export class TransferSockets {
  readonly #range: PortRange | undefined;
  readonly #now: () => number;
  readonly #quarantinedUntil = new Map<number, number>();
  #cursor = 0;

  /** Without a range the kernel chooses. `now` is monotonic milliseconds. */
  constructor(range: PortRange | undefined, now: () => number) {
    this.#range = range;
    this.#now = now;
  }

  /** A bound socket; undefined if no port or no descriptor is left, which gets better by itself. */
  async open(address: Ipv4Address): Promise<Socket | undefined> {
    if (this.#range === undefined) return bindSocket(address, 0);
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const port = this.#nextPort(this.#range);
      if (port === undefined) return undefined;
      this.#quarantinedUntil.set(port, this.#now() + QUARANTINE_MS);
      const socket = await bindSocket(address, port);
      if (socket === undefined) continue;
      socket.once('close', () => this.#quarantinedUntil.set(port, this.#now() + QUARANTINE_MS));
      return socket;
    }
    return undefined;
  }

  #nextPort({ first, last }: PortRange): number | undefined {
    const ports = last - first + 1;
    for (let tries = 0; tries < ports; tries++) {
      const port = first + (this.#cursor++ % ports);
      if ((this.#quarantinedUntil.get(port) ?? 0) <= this.#now()) return port;
    }
    return undefined;
  }
}

/** Errors that say that something is used up for the moment. */
const USED_UP = new Set(['EADDRINUSE', 'EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EACCES']);

async function bindSocket(address: Ipv4Address, port: number): Promise<Socket | undefined> {
  const socket = createSocket({ type: 'udp4', ...ADDRESSES_ONLY });
  try {
    const listening = once(socket, 'listening');
    socket.bind({ address, port, exclusive: true });
    await listening;
    return socket;
  } catch (error) {
    socket.close();
    if (error instanceof Error && 'code' in error && USED_UP.has(String(error.code))) return undefined;
    throw error;
  }
}
