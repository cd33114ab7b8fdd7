import { LRUCache } from 'lru-cache';
import type { Ipv4Address } from '../../../protocol/ipv4-address.ts';
import { KeyedBuckets } from '../../../limits/token-bucket.ts';
import type { Moment } from '../moment.ts';

const SERVERS_PER_SUBNET_MAX = 16;
/** Clients name their server once a lease; a server that no client named for a day is gone. */
const FORGET_MS = 86_400_000;

/** Servers, and subnets, of which it is remembered that they were told. */
const TOLD_MAX = 1000;

/** Another DHCP server, as clients' requests give it away. */
export interface ForeignServer {
  readonly subnetId: string;
  /** Option 54 of the requests. */
  readonly serverAddress: Ipv4Address;
  /** Wall-clock milliseconds since the epoch. */
  readonly firstSeenAt: number;
  readonly lastSeenAt: number;
}

interface Sighting {
  readonly server: ForeignServer;
  readonly seenMs: number;
}

/**
 * Remembers other DHCP servers. A client that takes up an offer names whose it is, to everybody on the link (RFC 2131
 * section 3.1), so nothing needs to be sent to find out.
 */
export class ForeignServers {
  /** Of too many in a subnet, those seen longest ago are forgotten. */
  readonly #bySubnet = new Map<string, LRUCache<Ipv4Address, Sighting>>();
  // Forged names push out real ones, which then are new again.
  readonly #toldServers = new KeyedBuckets(1 / 60, 1, TOLD_MAX);
  readonly #toldSubnets = new KeyedBuckets(1 / 60, SERVERS_PER_SUBNET_MAX, TOLD_MAX);

  /**
   * Notes a server; true if it is news: it is new, was not told within this minute, and few others of its subnet
   * were. A flood of forged names pushes out no more than a few others.
   */
  note(subnetId: string, serverAddress: Ipv4Address, now: Moment): boolean {
    let servers = this.#bySubnet.get(subnetId);
    if (servers === undefined) {
      servers = new LRUCache<Ipv4Address, Sighting>({ max: SERVERS_PER_SUBNET_MAX });
      this.#bySubnet.set(subnetId, servers);
    }
    const known = servers.peek(serverAddress);
    const server = {
      subnetId,
      serverAddress,
      firstSeenAt: known?.server.firstSeenAt ?? now.wallMs,
      lastSeenAt: now.wallMs,
    };
    servers.set(serverAddress, { server, seenMs: now.monotonicMs });
    return (
      known === undefined &&
      this.#toldServers.take(`${subnetId} ${serverAddress}`, now.monotonicMs) &&
      this.#toldSubnets.take(subnetId, now.monotonicMs)
    );
  }

  /** Whether a server was seen on the subnet within a day. */
  any(subnetId: string, now: Moment): boolean {
    for (const { seenMs } of this.#bySubnet.get(subnetId)?.values() ?? []) {
      if (now.monotonicMs - seenMs < FORGET_MS) return true;
    }
    return false;
  }

  list(now: Moment): ForeignServer[] {
    return [...this.#bySubnet.values()].flatMap((servers) =>
      [...servers.values()]
        .reverse()
        .filter(({ seenMs }) => now.monotonicMs - seenMs < FORGET_MS)
        .map(({ server }) => server),
    );
  }
}
