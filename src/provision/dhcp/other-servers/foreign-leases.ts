import { LRUCache } from 'lru-cache';
import type { Ipv4Address } from '../../../protocol/ipv4-address.ts';
import type { MacAddress } from '../../../protocol/mac-address.ts';

const ADDRESSES_MAX = 100_000;

/**
 * Remembers which card uses an address that another server leases, according to the card itself: in the DHCPREQUEST
 * with which it accepts that server's offer, which relays forward to us too, and on port 4011. Behind a router there is
 * no other source. Any client can forge it, so it is used for events only, never for decisions. The number is limited;
 * those recorded longest ago are forgotten first.
 */
export class ForeignLeases {
  readonly #macs = new LRUCache<Ipv4Address, MacAddress>({ max: ADDRESSES_MAX });

  note(address: Ipv4Address, mac: MacAddress): void {
    this.#macs.set(address, mac);
  }

  find(address: Ipv4Address): MacAddress | undefined {
    return this.#macs.peek(address);
  }
}
