import type { Ipv4Address } from '../../../protocol/ipv4-address.ts';
import { KeyCounts } from '../../../limits/key-counts.ts';
import { KeyedBuckets } from '../../../limits/token-bucket.ts';
import type { TftpSettings } from '../tftp-settings.ts';

/**
 * Number of addresses whose budget is remembered. In a storm of forged addresses old ones are forgotten, and memory
 * does not grow.
 */
const CLIENTS_MAX = 65_536;

/** Why a request is not answered. */
export type LimitReason = 'network' | 'never-answered' | 'rate' | 'client-transfers' | 'overload';

/** Decides which requests are accepted. Sources can be forged, so a request over a limit is not answered at all. */
export class RequestLimits {
  /** Whether the client is on a served network. */
  readonly serves: (client: Ipv4Address) => boolean;
  readonly #neverAnswers: (client: Ipv4Address) => boolean;
  readonly #settings: TftpSettings;
  readonly #rate: KeyedBuckets;
  readonly #running = new KeyCounts<Ipv4Address>();

  /** `serves`: whether a client is answered, by its address; `neverAnswers`: whether it is not, by its network card. */
  constructor(
    settings: TftpSettings,
    serves: (client: Ipv4Address) => boolean,
    neverAnswers: (client: Ipv4Address) => boolean = () => false,
  ) {
    this.#settings = settings;
    this.#neverAnswers = neverAnswers;
    this.serves = serves;
    this.#rate = new KeyedBuckets(settings.requestsPerSecond, settings.requestBurst, CLIENTS_MAX);
  }

  /** Accepted transfers that have not ended. */
  get running(): number {
    return this.#running.total;
  }

  /** Whether any answer may be sent; takes one request from the client's budget. */
  check(client: Ipv4Address, nowMs: number): LimitReason | undefined {
    if (!this.serves(client)) return 'network';
    if (this.#neverAnswers(client)) return 'never-answered';
    return this.#rate.take(client, nowMs) ? undefined : 'rate';
  }

  /** Accepts a transfer, which must be ended with `leave`; or returns why not. */
  enter(client: Ipv4Address): LimitReason | undefined {
    const { transfersMax, transfersPerClientMax } = this.#settings;
    if (this.#running.total >= transfersMax) return 'overload';
    return this.#running.take(client, transfersPerClientMax) ? undefined : 'client-transfers';
  }

  leave(client: Ipv4Address): void {
    this.#running.release(client);
  }
}
