import { type Ipv4Address, parseIpv4 } from '../protocol/ipv4-address.ts';
import { type MacAddress, parseMac } from '../protocol/mac-address.ts';
import type { Lease } from '../provision/dhcp/leases/lease.ts';
import type { JsonObject } from '../provision/json-value.ts';
import { listNeighbours, type Neighbour } from './neighbours.ts';

/** Maximum age of a copy of the kernel's neighbour table: in a storm it must not be read for every request. */
const TABLE_AGE_MS_MAX = 1_000;
/** The same where a config with secrets depends on it: an address can go over to another card. */
const CHECKED_AGE_MS_MAX = 100;
/** The same for an address that is not in the copy: its host may have sent its first packet since. */
const MISSED_AGE_MS_MAX = 10;

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
  readonly #list: () => readonly Neighbour[];
  #table: ReadonlyMap<string, readonly MacAddress[]> = new Map();
  #readAtMs = Number.NEGATIVE_INFINITY;

  /** `list` reads the kernel's neighbour table. */
  constructor(known: KnownAddresses, nowMs: () => number, list: () => readonly Neighbour[] = listNeighbours) {
    this.#known = known;
    this.#nowMs = nowMs;
    this.#list = list;
  }

  /** The card; undefined if it is not known, as behind a router without a lease that we saw. */
  findMac(text: string): MacAddress | undefined {
    const address = parseIpv4(text);
    if (address === undefined) return undefined;
    const lease = this.#known.findLease(address);
    return (
      (lease === undefined ? undefined : parseMac(lease.chaddr)) ??
      this.#neighbours(TABLE_AGE_MS_MAX).get(address)?.[0] ??
      this.#known.findForeignMac(address)
    );
  }

  /**
   * Every card that is known to be behind an address: that of our lease, and those of the kernel's neighbour table. It
   * is never what a client says of itself. Of a client behind a relay only the lease counts: its neighbour is a router.
   */
  cardsBehind(text: string): readonly MacAddress[] {
    const address = parseIpv4(text);
    if (address === undefined) return [];
    const lease = this.#known.findLease(address);
    // One that is over says who had the address before.
    const leased = lease?.state === 'bound' ? parseMac(lease.chaddr) : undefined;
    if (leased !== undefined && lease?.relayInfo !== undefined) return [leased];
    const neighbours =
      this.#neighbours(CHECKED_AGE_MS_MAX).get(address) ??
      this.#neighbours(MISSED_AGE_MS_MAX).get(address) ??
      [];
    return leased === undefined ? neighbours : [leased, ...neighbours];
  }

  /** The lease of the machine at this address, for templates. */
  findLease(text: string): JsonObject | undefined {
    const address = parseIpv4(text);
    const lease = address && this.#known.findLease(address);
    if (lease === undefined) return undefined;
    const { chaddr, hostname, subnetId } = lease;
    return { address: lease.address, mac: chaddr, network: subnetId, hostname: hostname ?? '' };
  }

  /** The kernel's neighbours by address, in a copy of at most this age. An address can be in use on two interfaces. */
  #neighbours(ageMsMax: number): ReadonlyMap<string, readonly MacAddress[]> {
    const nowMs = this.#nowMs();
    if (nowMs - this.#readAtMs < ageMsMax) return this.#table;
    this.#readAtMs = nowMs;
    const table = new Map<string, MacAddress[]>();
    for (const { address, mac } of this.#list()) {
      const parsed = parseMac(mac);
      if (parsed === undefined) continue;
      const cards = table.get(address);
      if (cards === undefined) table.set(address, [parsed]);
      else cards.push(parsed);
    }
    this.#table = table;
    return table;
  }
}
