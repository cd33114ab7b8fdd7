import { type Neighbours, parseNeighbours } from '../../host/neighbours.ts';
import type { Ipv4Address } from '../../protocol/ipv4-address.ts';

/** A host on the link answers within a few milliseconds; firmware waits four seconds for an offer. */
const WAIT_MS = 300;
const LOOK_EVERY_MS = 30;
/** Probes under way; past it addresses are offered unprobed, as a client that finds a conflict declines. */
const PROBES_MAX = 64;

/**
 * Finds out whether somebody uses an address, before it is given to somebody else. Node can send neither ARP nor
 * ICMP, but any datagram makes the kernel resolve the address, and the result is for everybody to read.
 */
export class AddressProbe {
  readonly #neighbours: Neighbours;
  readonly #waiting = new Map<
    Ipv4Address,
    { promise: Promise<string | undefined>; found: (mac: string) => void }
  >();
  #looking = false;

  constructor(neighbours: Neighbours) {
    this.#neighbours = neighbours;
  }

  /** Whether the network is being asked for the address. */
  asks(address: Ipv4Address): boolean {
    return this.#waiting.has(address);
  }

  /** The MAC address of who uses the address; undefined if nobody answers. Takes up to 0.3 seconds; never rejects. */
  findHolder(address: Ipv4Address): Promise<string | undefined> {
    const known = this.#waiting.get(address);
    if (known !== undefined) return known.promise;
    if (this.#waiting.size >= PROBES_MAX) return Promise.resolve(undefined);
    let found: (mac: string | undefined) => void = () => undefined;
    const promise = new Promise<string | undefined>((resolve) => (found = resolve));
    this.#waiting.set(address, { promise, found });
    setTimeout(() => {
      this.#waiting.delete(address);
      found(undefined);
    }, WAIT_MS);
    this.#neighbours.solicit(address);
    void this.#look();
    return promise;
  }

  /** Reads the table, for all probes at once, until none is left. */
  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    while (this.#waiting.size > 0) {
      await new Promise((next) => setTimeout(next, LOOK_EVERY_MS));
      const table = await this.#neighbours.read().catch(() => '');
      for (const { address, mac } of parseNeighbours(table)) {
        this.#waiting.get(address as Ipv4Address)?.found(mac);
      }
    }
    this.#looking = false;
  }
}
