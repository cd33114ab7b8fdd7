import { type Neighbours, parseNeighbours } from '../../host/neighbours.ts';
import type { Ipv4Address } from '../../protocol/ipv4-address.ts';

/** A host on the link answers within a few milliseconds; firmware waits four seconds for an offer. */
const WAIT_MS = 300;
const LOOK_EVERY_MS = 30;
/**
 * Maximum number of running probes; beyond it addresses are offered without one, as a client that finds a conflict
 * declines.
 */
const PROBES_MAX = 64;

/**
 * Finds out whether a host uses an address, before it is given to another one. Node can send neither ARP nor ICMP, but
 * any datagram makes the kernel resolve the address, and the neighbour table with the result is readable for every
 * process.
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

  /** Whether the address is being probed. */
  asks(address: Ipv4Address): boolean {
    return this.#waiting.has(address);
  }

  /**
   * The MAC address of the host that uses the address; undefined if no host answers. Takes up to 0.3 seconds; never
   * rejects.
   */
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

  /** Reads the neighbour table for all probes at once, until none is left. */
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
