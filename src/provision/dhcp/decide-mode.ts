import { RecentMap } from '../../limits/recent-map.ts';
import type { Exchange } from './locate/exchange.ts';
import type { Subnet } from './subnets/subnet.ts';

/** Railhead's role in one exchange with a client: the server that leases, a proxy, or silent. */
export type ServingMode = 'full' | 'proxy' | 'none';

/** What the decision in mode auto depends on. */
export interface AutoFacts {
  /** Whether an address of the link is reserved for the client's machine. */
  readonly reserved: boolean;
  /** Whether the client has a lease of ours. */
  readonly leased: boolean;
  /** Whether another DHCP server was seen on the subnet. */
  readonly foreignServer: boolean;
  readonly bootClient: boolean;
}

/** In the other modes nothing needs to be looked up. */
const NO_FACTS: AutoFacts = { reserved: false, leased: false, foreignServer: false, bootClient: false };

/**
 * Decides whether to lease or to leave that to another server. In mode auto, machines with a reservation or a lease of
 * ours are leased to; others only if the settings allow it and no other server was seen; all remaining boot clients are
 * answered as a proxy.
 */
export function decideMode(subnet: Subnet, facts: AutoFacts = NO_FACTS): ServingMode {
  switch (subnet.mode) {
    case 'full':
      return 'full';
    case 'proxy':
      return 'proxy';
    case 'off':
      return 'none';
    case 'auto':
      if (facts.reserved || facts.leased) return 'full';
      if (subnet.allowAutoFull && subnet.pools.length > 0 && !facts.foreignServer) return 'full';
      return facts.bootClient ? 'proxy' : 'none';
  }
}

const PIN_MS = 60_000;
const PINS_MAX = 50_000;

/**
 * Keeps the decision of mode auto for one handshake: a client that was offered an address must get a DHCPACK for it,
 * even if another server was seen in between.
 */
export class ModePins {
  readonly #pins = new RecentMap<{ readonly mode: ServingMode; readonly until: number }>(PIN_MS, PINS_MAX);

  /** The mode of the exchange's handshake, decided now if this is its first packet. */
  pin({ clientKey, now, packet }: Exchange, decide: () => ServingMode): ServingMode {
    const nowMs = now.monotonicMs;
    const key = `${clientKey} ${packet.message.xid}`;
    const pinned = this.#pins.get(key, nowMs);
    if (pinned !== undefined && nowMs < pinned.until) return pinned.mode;
    const mode = decide();
    this.#pins.set(key, { mode, until: nowMs + PIN_MS }, nowMs);
    return mode;
  }
}
