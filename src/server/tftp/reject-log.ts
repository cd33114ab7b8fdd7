import type { Logger } from 'pino';
import type { Ipv4Address } from '../../protocol/ipv4-address.ts';

const MINUTE_MS = 60_000;
/** Clients with a line of their own; requests of further ones are only counted. */
const CLIENTS_MAX = 1_000;

interface Rejects {
  readonly sinceMs: number;
  count: number;
  lastReason: string;
}

/** One log line for each client and minute, however often its requests are rejected. */
export class RejectLog {
  readonly #log: Logger;
  readonly #clients = new Map<Ipv4Address, Rejects>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Whether no client's minute is running. */
  get empty(): boolean {
    return this.#clients.size === 0;
  }

  /** Logs the first reject of a client's minute; returns whether this was it. */
  add(client: Ipv4Address, reason: string, file: string | undefined, nowMs: number): boolean {
    this.expire(nowMs);
    const known = this.#clients.get(client);
    if (known !== undefined) {
      known.count++;
      known.lastReason = reason;
      return false;
    }
    if (this.#clients.size >= CLIENTS_MAX) return false;
    this.#clients.set(client, { sinceMs: nowMs, count: 0, lastReason: reason });
    this.#log.info({ client, reason, ...(file !== undefined && { file }) }, 'tftp request rejected');
    return true;
  }

  /** Ends minutes that are over, and says how many more rejects they brought. */
  expire(nowMs: number): void {
    // Insertion order is order of time.
    for (const [client, { count, lastReason, sinceMs }] of this.#clients) {
      if (nowMs - sinceMs < MINUTE_MS) return;
      this.#clients.delete(client);
      if (count > 0) this.#log.info({ client, reason: lastReason, more: count }, 'tftp requests rejected');
    }
  }
}
