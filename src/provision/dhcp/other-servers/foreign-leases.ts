import type { Ipv4Address } from '../../../protocol/ipv4-address.ts';
import type { MacAddress } from '../../../protocol/mac-address.ts';

const ADDRESSES_MAX = 100_000;

/**
 * Remembers which card uses an address that another server leases, as the card itself says: in the DHCPREQUEST by which
 * it takes up that server's offer, which relays pass on to us too, and on port 4011. Behind a router nothing else tells
 * us. Anybody can say so, so that this is good for records only.
 */
export class ForeignLeases {
  readonly #macs = new Map<Ipv4Address, MacAddress>();

  note(address: Ipv4Address, mac: MacAddress): void {
    // Out and in again, so that the one noted longest ago is the first.
    this.#macs.delete(address);
    if (this.#macs.size >= ADDRESSES_MAX) {
      const oldest = this.#macs.keys().next();
      if (oldest.done !== true) this.#macs.delete(oldest.value);
    }
    this.#macs.set(address, mac);
  }

  find(address: Ipv4Address): MacAddress | undefined {
    return this.#macs.get(address);
  }
}
