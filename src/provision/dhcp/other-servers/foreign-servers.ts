import { LRUCache } from 'lru-cache';
import type { Ipv4Address } from '../../../protocol/ipv4-address.ts';
import { KeyedBuckets } from '../../../limits/token-bucket.ts';
import type { Moment } from '../moment.ts';

const SERVERS_PER_SUBNET_MAX = 16;
/** Clients name their server once per lease; a server that no client named for a day is considered gone. */
const FORGET_MS = 86_400_000;

/** Number of servers and of subnets whose last report is remembered. */
const TOLD_MAX = 1000;

/** Another DHCP server, known from clients' requests. */
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
 * Remembers other DHCP servers. A client that accepts an offer broadcasts which server made it (RFC 2131 section 3.1),
 * so no probe is needed to find them.
 */
export class ForeignServers {
  /** The number for each subnet is limited; those seen longest ago are forgotten first. */
  readonly #bySubnet = new Map<string, LRUCache<Ipv4Address, Sighting>>();
  // Forged servers can displace real ones, which then count as new again.
  readonly #toldServers = new KeyedBuckets(1 / 60, 1, TOLD_MAX);
  readonly #toldSubnets = new KeyedBuckets(1 / 60, SERVERS_PER_SUBNET_MAX, TOLD_MAX);

  /**
   * Records a server. True if it is to be reported: it is new, was not reported within the last minute, and few others
   * of its subnet were. A flood of forged servers causes only a few reports.
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
