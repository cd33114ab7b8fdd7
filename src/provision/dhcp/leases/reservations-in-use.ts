import { RecentMap } from '../../../limits/recent-map.ts';
import type { Ipv4Address } from '../../../protocol/ipv4-address.ts';

/** How long an address counts as used after somebody answered for it; then the network is asked again. */
const IN_USE_MS = 60_000;
/** How long after a DHCPDECLINE the network is asked before a reserved address is offered. */
const DOUBT_MS = 600_000;
const ADDRESSES_MAX = 10_000;

/** What is known of reserved addresses that somebody uses, or is said to use, who was not given them. */
export class ReservationsInUse {
  readonly #users = new RecentMap<{ readonly mac: string; readonly untilMs: number }>(
    IN_USE_MS,
    ADDRESSES_MAX,
  );
  readonly #doubts = new RecentMap<number>(DOUBT_MS, ADDRESSES_MAX);

  /** A host answered for the address on the network. Time is monotonic milliseconds. */
  noteUser(address: Ipv4Address, mac: string, nowMs: number): void {
    this.#users.set(address, { mac, untilMs: nowMs + IN_USE_MS }, nowMs);
  }

  /** The card that answered for the address lately. */
  userOf(address: Ipv4Address, nowMs: number): string | undefined {
    const user = this.#users.get(address, nowMs);
    return user !== undefined && nowMs < user.untilMs ? user.mac : undefined;
  }

  /** A client says that another host uses the address. */
  doubt(address: Ipv4Address, nowMs: number): void {
    this.#doubts.set(address, nowMs + DOUBT_MS, nowMs);
  }

  /** Whether a client said so lately. */
  isDoubted(address: Ipv4Address, nowMs: number): boolean {
    const untilMs = this.#doubts.get(address, nowMs);
    return untilMs !== undefined && nowMs < untilMs;
  }
}
