import type { Ipv4Address } from '../../../protocol/ipv4-address.ts';
import type { LimitReason, RequestLimits } from '../requests/request-limits.ts';
import type { TftpListener } from '../tftp-listeners.ts';
import type { TftpTransfer } from './tftp-transfer.ts';
import type { TftpPeer } from './transfer-port.ts';

/** A request that was accepted, until its transfer has ended. */
export interface RunningTransfer {
  readonly listener: TftpListener;
  /** The request as it was received, to recognise it again. */
  readonly request: Buffer;
  readonly peer: TftpPeer;
  readonly startedMs: number;
  /** Absent while the file is being opened. */
  transfer?: TftpTransfer;
  /** The negotiated block size in bytes. */
  blksize?: number;
  /** Whether its place was released. */
  left?: boolean;
}

/**
 * A client that is present answers sooner. Shorter than the first wait before sending again, longer than the delay of a
 * busy network.
 */
const UNANSWERED_MS_MIN = 300;

/** A client that is reading answers much sooner; one that is being switched off does not. */
const SILENT_MS = 3_000;
/**
 * Bytes per second that a transfer must have sent when others wait for its place: the slowest firmware receives ten
 * times as much.
 */
const BYTES_PER_SECOND_MIN = 8_000;
/** How long a transfer runs before its speed is judged. */
const JUDGED_AFTER_MS = 5_000;
/** How long no search for a slow transfer is made after one found none: a search goes through all of them. */
const NONE_SLOW_MS = 100;

/** The running transfers, and the limits of their number. */
export class RunningTransfers {
  readonly #limits: RequestLimits;
  readonly #nowMs: () => number;
  /** By our address, the peer's address and its port. */
  readonly #byPeer = new Map<string, RunningTransfer>();
  /** Transfers whose client had not answered at the last check, oldest first. */
  readonly #unanswered = new Set<RunningTransfer>();
  #onIdle: (() => void) | undefined;
  #noneSlowUntilMs = Number.NEGATIVE_INFINITY;

  constructor(limits: RequestLimits, nowMs: () => number) {
    this.#limits = limits;
    this.#nowMs = nowMs;
  }

  get size(): number {
    return this.#byPeer.size;
  }

  /** The newest transfer of this peer with this address of ours. */
  find(listener: TftpListener, peer: TftpPeer): RunningTransfer | undefined {
    return this.#byPeer.get(keyOf(listener.address, peer));
  }

  /** Accepts a transfer, which must be ended with `leave`; or returns why not. */
  enter(listener: TftpListener, peer: TftpPeer, request: Buffer): RunningTransfer | LimitReason {
    let limit = this.#limits.enter(peer.address);
    if (limit === 'overload' && this.#makeRoom()) limit = this.#limits.enter(peer.address);
    if (limit !== undefined) return limit;
    const running: RunningTransfer = { listener, request, peer, startedMs: this.#nowMs() };
    this.#byPeer.set(keyOf(listener.address, peer), running);
    this.#unanswered.add(running);
    return running;
  }

  /** Releases a place, once. */
  leave(running: RunningTransfer): void {
    if (running.left === true) return;
    running.left = true;
    this.#unanswered.delete(running);
    const key = keyOf(running.listener.address, running.peer);
    // A client that started again has taken the key by now.
    if (this.#byPeer.get(key) === running) this.#byPeer.delete(key);
    this.#limits.leave(running.peer.address);
    if (this.#limits.running === 0) this.#onIdle?.();
  }

  /** Ends transfers, those of one listener or all. */
  stop(of?: TftpListener): void {
    for (const running of [...this.#byPeer.values()]) {
      if (of !== undefined && running.listener !== of) continue;
      if (running.transfer === undefined) this.leave(running);
      else running.transfer.handle({ kind: 'stop' });
    }
  }

  /** Sends a `tick` to the transfers whose deadline has passed. */
  tick(nowMs: number): void {
    for (const { transfer } of this.#byPeer.values()) {
      if (transfer !== undefined && nowMs >= transfer.state.deadlineMs) {
        transfer.handle({ kind: 'tick', nowMs });
      }
    }
  }

  /** Resolves when all have ended; after `graceMs` they are ended. */
  async end(graceMs: number): Promise<void> {
    if (this.#limits.running === 0) return;
    const idle = new Promise<void>((resolve) => (this.#onIdle = resolve));
    const timer = setTimeout(() => this.stop(), graceMs);
    await idle;
    clearTimeout(timer);
  }

  /**
   * Ends a transfer to make place for another: the one that has waited longest for its client's first answer, since a
   * few hundred requests a second with forged senders would otherwise keep all others out; or else the slowest, since
   * clients that answer only now and then would do the same.
   */
  #makeRoom(): boolean {
    const displaced = this.#findUnanswered() ?? this.#findSlowest();
    if (displaced?.transfer === undefined) return false;
    displaced.transfer.handle({ kind: 'displaced' });
    this.leave(displaced);
    return true;
  }

  #findUnanswered(): RunningTransfer | undefined {
    for (const running of this.#unanswered) {
      const { startedMs, transfer } = running;
      if (this.#nowMs() - startedMs < UNANSWERED_MS_MIN) return undefined;
      // A file that takes long to open is not the client's fault.
      if (transfer === undefined) continue;
      this.#unanswered.delete(running);
      if (!transfer.state.confirmed) return running;
    }
    return undefined;
  }

  /** The slowest transfer of those that are silent or slower than any real client. */
  #findSlowest(): RunningTransfer | undefined {
    const nowMs = this.#nowMs();
    if (nowMs < this.#noneSlowUntilMs) return undefined;
    let slowest: RunningTransfer | undefined;
    let slowestRate = Infinity;
    for (const running of this.#byPeer.values()) {
      const { blksize = 0, startedMs, transfer } = running;
      if (transfer === undefined || transfer.state.ended) continue;
      const { acked, lastProgressMs } = transfer.state;
      const ageMs = nowMs - startedMs;
      const rate = (Math.max(0, acked) * blksize * 1000) / ageMs;
      const isSilent = nowMs - lastProgressMs >= SILENT_MS;
      const isSlow = ageMs >= JUDGED_AFTER_MS && rate < BYTES_PER_SECOND_MIN;
      if ((isSilent || isSlow) && rate < slowestRate) [slowest, slowestRate] = [running, rate];
    }
    if (slowest === undefined) this.#noneSlowUntilMs = nowMs + NONE_SLOW_MS;
    return slowest;
  }
}

function keyOf(local: Ipv4Address, { address, port }: TftpPeer): string {
  return `${local} ${address}:${port}`;
}
