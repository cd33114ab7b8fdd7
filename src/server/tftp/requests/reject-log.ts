import type { Logger } from 'pino';
import type { Ipv4Address } from '../../../protocol/ipv4-address.ts';

const MINUTE_MS = 60_000;
/** Number of clients with a log line of their own; requests of further ones are only counted. */
const CLIENTS_MAX = 1_000;

interface Rejects<Reason> {
  readonly sinceMs: number;
  count: number;
  lastText: string;
  readonly reasons: Set<Reason>;
}

/** Writes one log line for each client and minute, however often its requests are rejected. */
export class RejectLog<Reason extends string> {
  readonly #log: Logger;
  readonly #clients = new Map<Ipv4Address, Rejects<Reason>>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Whether no client's minute is running. */
  get empty(): boolean {
    return this.#clients.size === 0;
  }

  /** Logs the first rejected request of a client's minute; returns whether it was the first for its reason. */
  add(client: Ipv4Address, reason: Reason, text: string, file: string | undefined, nowMs: number): boolean {
    this.expire(nowMs);
    const known = this.#clients.get(client);
    if (known !== undefined) {
      known.count++;
      known.lastText = text;
      const first = !known.reasons.has(reason);
      known.reasons.add(reason);
      return first;
    }
    if (this.#clients.size >= CLIENTS_MAX) return false;
    this.#clients.set(client, { sinceMs: nowMs, count: 0, lastText: text, reasons: new Set([reason]) });
    this.#log.info({ client, reason: text, ...(file !== undefined && { file }) }, 'tftp request rejected');
    return true;
  }

  /** Ends minutes that are over, and logs how many more requests were rejected in them. */
  expire(nowMs: number): void {
    // Insertion order is time order.
    for (const [client, { count, lastText, sinceMs }] of this.#clients) {
      if (nowMs - sinceMs < MINUTE_MS) return;
      this.#clients.delete(client);
      if (count > 0) this.#log.info({ client, reason: lastText, more: count }, 'tftp requests rejected');
    }
  }
}
