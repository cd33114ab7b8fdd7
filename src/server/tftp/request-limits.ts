import { type Ipv4Address, ipv4ToNumber } from '../../protocol/ipv4-address.ts';
import { type Ipv4Cidr, parseCidr } from '../../protocol/ipv4-cidr.ts';
import { KeyedBuckets } from '../../provision/token-bucket.ts';
import type { TftpSettings } from './tftp-settings.ts';

/** Addresses whose budget is remembered. A storm of forged addresses makes us forget, not grow. */
const CLIENTS_MAX = 65_536;

/** Why a request is left without an answer. */
export type LimitReason = 'network' | 'rate' | 'client-transfers' | 'overload';

/** Decides which requests are let in. Sources can be forged, so what is over a limit is not even answered. */
export class RequestLimits {
  readonly #settings: TftpSettings;
  readonly #networks: readonly Ipv4Cidr[];
  #local: readonly Ipv4Cidr[] = [];
  readonly #rate: KeyedBuckets;
  readonly #running = new Map<Ipv4Address, number>();
  #total = 0;

  /** Throws RangeError for a network that is none. */
  constructor(settings: TftpSettings, networks: readonly Ipv4Cidr[]) {
    this.#settings = settings;
    this.#networks = [...settings.networks.map(readNetwork), ...networks];
    this.#rate = new KeyedBuckets(settings.requestsPerSecond, settings.requestBurst, CLIENTS_MAX);
  }

  /** Transfers that were let in and have not ended. */
  get running(): number {
    return this.#total;
  }

  /** Whether the address is in a network that is served. */
  serves(client: Ipv4Address): boolean {
    const value = ipv4ToNumber(client);
    const covers = ({ first, last }: Ipv4Cidr): boolean => value >= first && value <= last;
    return this.#networks.some(covers) || this.#local.some(covers);
  }

  /** Serves these networks, of our own addresses, in place of those told before. */
  serveLocal(networks: readonly Ipv4Cidr[]): void {
    this.#local = networks;
  }

  /** Whether any answer at all may be sent; takes one request from the client's budget. */
  check(client: Ipv4Address, nowMs: number): LimitReason | undefined {
    if (!this.serves(client)) return 'network';
    return this.#rate.take(client, nowMs) ? undefined : 'rate';
  }

  /** Lets a transfer in, which `leave` must end; or says why not. */
  enter(client: Ipv4Address): LimitReason | undefined {
    if (this.#total >= this.#settings.transfersMax) return 'overload';
    const running = this.#running.get(client) ?? 0;
    if (running >= this.#settings.transfersPerClientMax) return 'client-transfers';
    this.#running.set(client, running + 1);
    this.#total++;
    return undefined;
  }

  leave(client: Ipv4Address): void {
    const running = this.#running.get(client) ?? 0;
    if (running <= 1) this.#running.delete(client);
    else this.#running.set(client, running - 1);
    this.#total--;
  }
}

function readNetwork(text: string): Ipv4Cidr {
  const network = parseCidr(text);
  if (network === undefined) throw new RangeError(`${text} is not a network; write it like 10.0.1.0/24`);
  return network;
}
