import { createSocket, type Socket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Ipv4Address } from '../protocol/ipv4-address.ts';

/** The discard service (RFC 863): a datagram there disturbs nobody. */
const DISCARD_PORT = 9;
/** ATF_COM of the kernel's <linux/if_arp.h>: the neighbour has answered. */
const COMPLETE = 0x2;

/** The kernel's table of neighbours. */
const TABLE = '/proc/net/arp';

/** How the kernel is asked; replaced in tests. */
export interface Neighbours {
  /** Makes the kernel look for the address on its link. */
  solicit(address: Ipv4Address): void;
  /** The kernel's table of neighbours, in the form of /proc/net/arp. */
  read(): Promise<string>;
}

/** Neighbours of a text like /proc/net/arp that have answered. */
export function parseNeighbours(table: string): { address: string; mac: string }[] {
  return table
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [address, , flags, mac] = line.trim().split(/\s+/);
      if (address === undefined || mac === undefined || (Number(flags) & COMPLETE) === 0) return [];
      return [{ address, mac: mac.toLowerCase() }];
    });
}

/** Neighbours of this host that have answered, as the kernel has them now; none on a system without its table. */
export function listNeighbours(): { address: string; mac: string }[] {
  try {
    return parseNeighbours(readFileSync(TABLE, 'latin1'));
  } catch {
    return [];
  }
}

/** The kernel's neighbours. The socket keeps no process alive. */
export class KernelNeighbours implements Neighbours {
  readonly #socket: Socket = createSocket('udp4');

  constructor() {
    // An address that cannot be reached is nobody's.
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
