import { createSocket, type Socket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Ipv4Address } from '../protocol/ipv4-address.ts';

/** The discard service (RFC 863): a datagram to this port has no effect. */
const DISCARD_PORT = 9;
/** ATF_COM of the kernel's <linux/if_arp.h>: the neighbour has answered. */
const COMPLETE = 0x2;

/** The kernel's neighbour table. */
const TABLE = '/proc/net/arp';

/** Access to the kernel; replaced in tests. */
export interface Neighbours {
  /** Makes the kernel look for the address on its link. */
  solicit(address: Ipv4Address): void;
  /** The kernel's neighbour table, in the form of /proc/net/arp. */
  read(): Promise<string>;
}

/** A host on a link of this host, as the kernel knows it. */
export interface Neighbour {
  readonly address: string;
  /** In lower case. */
  readonly mac: string;
}

/** The neighbours in a text like /proc/net/arp that have answered. */
export function parseNeighbours(table: string): Neighbour[] {
  return table
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [address, , flags, mac] = line.trim().split(/\s+/);
      if (address === undefined || mac === undefined || (Number(flags) & COMPLETE) === 0) return [];
      return [{ address, mac: mac.toLowerCase() }];
    });
}

/** The neighbours of this host that have answered, according to the kernel; none on a system without /proc/net/arp. */
export function listNeighbours(): Neighbour[] {
  try {
    return parseNeighbours(readFileSync(TABLE, 'latin1'));
  } catch {
    return [];
  }
}

/** The kernel's neighbours. The socket does not keep the process running. */
export class KernelNeighbours implements Neighbours {
  readonly #socket: Socket = createSocket('udp4');

  constructor() {
    // An address that cannot be reached is not in use.
    this.#socket.on('error', () => undefined);
    this.#socket.unref();
  }

  solicit(address: Ipv4Address): void {
    this.#socket.send('', DISCARD_PORT, address, () => undefined);
  }

  read(): Promise<string> {
    return readFile(TABLE, 'latin1');
  }
}
