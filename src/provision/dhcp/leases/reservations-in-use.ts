import { RecentMap } from '../../../limits/recent-map.ts';
import type { Ipv4Address } from '../../../protocol/ipv4-address.ts';

/** How long an address counts as in use after a host answered for it; then it is probed again. */
const IN_USE_MS = 60_000;
/** For how long after a DHCPDECLINE a reserved address is probed before it is offered. */
const DOUBT_MS = 600_000;
const ADDRESSES_MAX = 10_000;

/** Reserved addresses that are used by a host which was not given them, or that a client reported as used. */
export class ReservationsInUse {
  readonly #users = new RecentMap<{ readonly mac: string; readonly untilMs: number }>(
    IN_USE_MS,
    ADDRESSES_MAX,
  );
  readonly #doubts = new RecentMap<number>(DOUBT_MS, ADDRESSES_MAX);

  /** Records that a host answered for the address. Time is monotonic milliseconds. */
  noteUser(address: Ipv4Address, mac: string, nowMs: number): void {
    this.#users.set(address, { mac, untilMs: nowMs + IN_USE_MS }, nowMs);
  }

  /** The MAC address that recently answered for the address. */
  userOf(address: Ipv4Address, nowMs: number): string | undefined {
    const user = this.#users.get(address, nowMs);
    return user !== undefined && nowMs < user.untilMs ? user.mac : undefined;
  }

  /** Records a client's report that another host uses the address. */
  doubt(address: Ipv4Address, nowMs: number): void {
    this.#doubts.set(address, nowMs + DOUBT_MS, nowMs);
  }

  /** Whether a client reported that lately. */
  isDoubted(address: Ipv4Address, nowMs: number): boolean {
    const untilMs = this.#doubts.get(address, nowMs);
    return untilMs !== undefined && nowMs < untilMs;
  }
}
