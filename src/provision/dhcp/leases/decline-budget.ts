import { KeyedBuckets } from '../../../limits/token-bucket.ts';

const CLIENTS_MAX = 10_000;
const MINUTE_S = 60;
const HOUR_S = 3600;

/**
 * Limits how many DHCPDECLINEs are accepted: five a minute from one client, and a tenth of the pool an hour in one
 * subnet. More than that is an attempt to exhaust the pool.
 */
export class DeclineBudget {
  readonly #byClient = new KeyedBuckets(5 / MINUTE_S, 5, CLIENTS_MAX);
  readonly #bySubnet = new Map<string, KeyedBuckets>();

  /** Whether one more may be accepted; takes it from the budgets. */
  take(clientKey: string, subnetId: string, poolSize: number, nowMs: number): boolean {
    let subnet = this.#bySubnet.get(subnetId);
    if (subnet === undefined) {
      const hourly = Math.max(5, Math.floor(poolSize / 10));
      subnet = new KeyedBuckets(hourly / HOUR_S, hourly, 1);
      this.#bySubnet.set(subnetId, subnet);
    }
    return this.#byClient.take(clientKey, nowMs) && subnet.take(subnetId, nowMs);
  }
}
