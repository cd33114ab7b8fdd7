import type { Ipv4Address } from '../../../protocol/ipv4-address.ts';
import { KeyCounts } from '../../../limits/key-counts.ts';
import { KeyedBuckets } from '../../../limits/token-bucket.ts';
import type { TftpSettings } from '../tftp-settings.ts';

/** Addresses whose budget is remembered. A storm of forged addresses makes us forget, not grow. */
const CLIENTS_MAX = 65_536;

/** Why a request is left without an answer. */
export type LimitReason = 'network' | 'rate' | 'client-transfers' | 'overload';

/** Decides which requests are let in. Sources can be forged, so what is over a limit is not even answered. */
export class RequestLimits {
  /** Whether the client is of a network that is served. */
  readonly serves: (client: Ipv4Address) => boolean;
  readonly #settings: TftpSettings;
  readonly #rate: KeyedBuckets;
  readonly #running = new KeyCounts<Ipv4Address>();

  /** `serves`: whether a client gets any answer, by its address. */
  constructor(settings: TftpSettings, serves: (client: Ipv4Address) => boolean) {
    this.#settings = settings;
    this.serves = serves;
    this.#rate = new KeyedBuckets(settings.requestsPerSecond, settings.requestBurst, CLIENTS_MAX);
  }

  /** Transfers that were let in and have not ended. */
  get running(): number {
    return this.#running.total;
  }

  /** Whether any answer at all may be sent; takes one request from the client's budget. */
  check(client: Ipv4Address, nowMs: number): LimitReason | undefined {
    if (!this.serves(client)) return 'network';
    return this.#rate.take(client, nowMs) ? undefined : 'rate';
  }

  /** Lets a transfer in, which `leave` must end; or says why not. */
  enter(client: Ipv4Address): LimitReason | undefined {
    const { transfersMax, transfersPerClientMax } = this.#settings;
    if (this.#running.total >= transfersMax) return 'overload';
    return this.#running.take(client, transfersPerClientMax) ? undefined : 'client-transfers';
  }

  leave(client: Ipv4Address): void {
    this.#running.release(client);
  }
}
