import { MessageType } from '../../../protocol/dhcp/option-codes.ts';
import { RecentMap } from '../../../limits/recent-map.ts';
import { bootStage } from '../client/boot-client.ts';
import type { DhcpEvent } from '../dhcp-event.ts';
import type { Exchange } from '../locate/exchange.ts';
import { exchangeEvent } from '../locate/exchange-event.ts';

/** What the guard has to say about handing out a boot file. */
export interface BootFileVerdict {
  readonly allowed: boolean;
  readonly events: readonly DhcpEvent[];
}

const WINDOW_MS = 60_000;
const SERVES_MAX = 5;
/** Repeated requests of one exchange come within this time; a machine needs longer to load a program and be back. */
const REPEAT_MS = 1000;
/** A client that no leasing server answers repeats its DHCPDISCOVER for longer, and that is not loading anything. */
const DISCOVER_REPEAT_MS = 15_000;
const CLIENTS_MAX = 20_000;

interface Count {
  since: number;
  last: number;
  xid: number;
  serves: number;
}

/**
 * Notices a machine that is handed the same thing at the same stage of its boot again and again: five times within a
 * minute means that what it loads sends it back to the start, as a program that loads itself does.
 */
export class BootLoopGuard {
  readonly #stop: boolean;
  readonly #counts = new RecentMap<Count>(WINDOW_MS, CLIENTS_MAX);

  /** `stop`: whether a looping machine gets nothing more to boot, until a minute has passed. */
  constructor(stop: boolean) {
    this.#stop = stop;
  }

  /** Counts one serving, and says whether it may go on. */
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

  /** Whether `serve` would let it go on, if it were called now. */
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
  const next = stop ? 'nothing more is handed out for a minute' : 'see whether that program loads itself';
  return exchangeEvent(exchange, 'boot.loop_suspected', `${what}: ${next}`, { bootfile: bootFile });
}
