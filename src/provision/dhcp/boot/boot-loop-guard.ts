import { MessageType } from '../../../protocol/dhcp/option-codes.ts';
import { RecentMap } from '../../../limits/recent-map.ts';
import { bootStage } from '../client/boot-client.ts';
import type { DhcpEvent } from '../dhcp-event.ts';
import type { Exchange } from '../locate/exchange.ts';
import { exchangeEvent } from '../locate/exchange-event.ts';

/** The guard's decision on handing out a boot file. */
export interface BootFileVerdict {
  readonly allowed: boolean;
  readonly events: readonly DhcpEvent[];
}

const WINDOW_MS = 60_000;
const SERVES_MAX = 5;
/** Requests within this time are repetitions of one exchange; loading a program and asking again takes longer. */
const REPEAT_MS = 1000;
/** The same for DHCPDISCOVER: a client that gets no lease repeats it for longer without loading anything. */
const DISCOVER_REPEAT_MS = 15_000;
const CLIENTS_MAX = 20_000;

interface Count {
  since: number;
  last: number;
  xid: number;
  serves: number;
}

/**
 * Detects boot loops: a machine that gets the same boot file at the same stage of its boot five times within a minute
 * loads a program that starts over, for example one that loads itself.
 */
export class BootLoopGuard {
  readonly #stop: boolean;
  readonly #counts = new RecentMap<Count>(WINDOW_MS, CLIENTS_MAX);

  /** `stop`: whether a looping machine gets no boot file for a minute. */
  constructor(stop: boolean) {
    this.#stop = stop;
  }

  /** Counts one answer with a boot file, and says whether it may be sent. */
  serve(exchange: Exchange, bootFile: string): BootFileVerdict {
    const nowMs = exchange.now.monotonicMs;
    const count = this.#find(keyOf(exchange, bootFile), nowMs);
    if (nowMs - count.since >= WINDOW_MS) {
      count.since = nowMs;
      count.serves = 0;
    }
    const { xid } = exchange.packet.message;
    const sameDiscover = exchange.type === MessageType.discover && count.xid === xid;
    const repeatMs = sameDiscover ? DISCOVER_REPEAT_MS : REPEAT_MS;
    const repeated = count.serves > 0 && nowMs - count.last < repeatMs;
    if (!repeated) {
      count.serves++;
      count.last = nowMs;
      count.xid = xid;
    }
    const allowed = !this.#stop || count.serves <= SERVES_MAX;
    if (repeated || count.serves !== SERVES_MAX) return { allowed, events: [] };
    return { allowed, events: [loopEvent(exchange, bootFile, this.#stop)] };
  }

  /** What `serve` would return, without counting. */
  allows(exchange: Exchange, bootFile: string): boolean {
    if (!this.#stop) return true;
    const nowMs = exchange.now.monotonicMs;
    const { last, serves, since } = this.#find(keyOf(exchange, bootFile), nowMs);
    if (nowMs - since >= WINDOW_MS) return true;
    const repeated = serves > 0 && nowMs - last < REPEAT_MS;
    return serves < SERVES_MAX || (repeated && serves === SERVES_MAX);
  }

  #find(key: string, nowMs: number): Count {
    let count = this.#counts.get(key, nowMs);
    if (count === undefined) {
      count = { since: nowMs, last: nowMs, xid: 0, serves: 0 };
      this.#counts.set(key, count, nowMs);
    }
    return count;
  }
}

function keyOf(exchange: Exchange, bootFile: string): string {
  return `${exchange.clientKey} ${bootStage(exchange.client)} ${bootFile}`;
}

function loopEvent(exchange: Exchange, bootFile: string, stop: boolean): DhcpEvent {
  const what = `got ${bootFile} ${SERVES_MAX} times within a minute`;
  const next = stop ? 'it gets no boot file for a minute' : 'check whether that program loads itself';
  return exchangeEvent(exchange, 'boot.loop_suspected', `${what}: ${next}`, { bootfile: bootFile });
}
