import { KeyedBuckets } from '../../../limits/token-bucket.ts';

const CLIENTS_MAX = 10_000;
const MINUTE_S = 60;
const HOUR_S = 3600;

/**
 * How many DHCPDECLINEs are believed: five a minute from one client, and a tenth of the pool an hour in one subnet.
 * More are an attempt to walk through the pool until no address is left.
 */
export class DeclineBudget {
  readonly #byClient = new KeyedBuckets(5 / MINUTE_S, 5, CLIENTS_MAX);
  readonly #bySubnet = new Map<string, KeyedBuckets>();

  /** Whether one more may be believed; takes it from the budgets. */
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
