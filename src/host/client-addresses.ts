import { type Ipv4Address, parseIpv4 } from '../protocol/ipv4-address.ts';
import { type MacAddress, parseMac } from '../protocol/mac-address.ts';
import type { Lease } from '../provision/dhcp/leases/lease.ts';
import type { JsonObject } from '../provision/json-value.ts';
import { listNeighbours } from './neighbours.ts';

/** Maximum age of a copy of the kernel's neighbour table: in a storm it must not be read for every request. */
const TABLE_AGE_MS_MAX = 1_000;

/** What the DHCP engine knows about addresses. */
export interface KnownAddresses {
  readonly findLease: (address: Ipv4Address) => Lease | undefined;
  /** The client of an address that another server leases, according to the client. */
  readonly findForeignMac: (address: Ipv4Address) => MacAddress | undefined;
}

/**
 * Finds the network card behind an address: from our own leases, else from the kernel's neighbour table, else from what
 * clients of another DHCP server sent.
 */
export class ClientAddresses {
  readonly #known: KnownAddresses;
  readonly #nowMs: () => number;
  #table = new Map<string, MacAddress>();
  #readAtMs = Number.NEGATIVE_INFINITY;

  constructor(known: KnownAddresses, nowMs: () => number) {
    this.#known = known;
    this.#nowMs = nowMs;
  }

  /** The card; undefined if it is not known, as behind a router without a lease that we saw. */
  findMac(text: string): MacAddress | undefined {
    const address = parseIpv4(text);
    if (address === undefined) return undefined;
    const lease = this.#known.findLease(address);
    return (
      (lease === undefined ? undefined : parseMac(lease.chaddr)) ??
      this.#neighbours().get(address) ??
      this.#known.findForeignMac(address)
    );
  }

  /** The lease of the machine at this address, for templates. */
  findLease(text: string): JsonObject | undefined {
    const address = parseIpv4(text);
    const lease = address && this.#known.findLease(address);
    if (lease === undefined) return undefined;
    const { chaddr, hostname, subnetId } = lease;
    return { address: lease.address, mac: chaddr, network: subnetId, hostname: hostname ?? '' };
  }

  #neighbours(): ReadonlyMap<string, MacAddress> {
    const nowMs = this.#nowMs();
    if (nowMs - this.#readAtMs < TABLE_AGE_MS_MAX) return this.#table;
    this.#readAtMs = nowMs;
    this.#table = new Map(
      listNeighbours().flatMap(({ address, mac }) => {
        const parsed = parseMac(mac);
        return parsed === undefined ? [] : [[address, parsed]];
      }),
    );
    return this.#table;
  }
}
