import type { Ipv4Address } from '../../../protocol/ipv4-address.ts';
import type { LimitReason, RequestLimits } from '../requests/request-limits.ts';
import type { TftpListener } from '../tftp-listeners.ts';
import type { TftpTransfer } from './tftp-transfer.ts';
import type { TftpPeer } from './transfer-port.ts';

/** A request that was let in, until what came of it has ended. */
export interface RunningTransfer {
  readonly listener: TftpListener;
  /** The request as it came, to know it again. */
  readonly request: Buffer;
  readonly peer: TftpPeer;
  readonly startedMs: number;
  /** Absent while the file is being opened. */
  transfer?: TftpTransfer;
  /** Bytes of one block, as it was settled. */
  blksize?: number;
  /** Whether its place was given back. */
  left?: boolean;
}

/** A client that is there answers sooner. Shorter than the first wait before sending again, longer than a busy network. */
const UNANSWERED_MS_MIN = 300;

/** A client that reads answers much sooner; one that is being switched off does not. */
const SILENT_MS = 3_000;
/** What a transfer must have moved in a second, when others wait for its place: the slowest firmware moves ten times as much. */
const BYTES_PER_SECOND_MIN = 8_000;
/** Time that a transfer gets to show how quick it is. */
const JUDGED_AFTER_MS = 5_000;
/** How long no transfer is looked for that is slow enough, after none was: looking goes through all of them. */
const NONE_SLOW_MS = 100;

/** The transfers under way, within the limits of how many there may be. */
export class RunningTransfers {
  readonly #limits: RequestLimits;
  readonly #nowMs: () => number;
  /** By our address, the peer's address and its port. */
  readonly #byPeer = new Map<string, RunningTransfer>();
  /** Those whose client had not answered when last looked at, oldest first. */
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

  /** The newest of this peer with this address of ours. */
  find(listener: TftpListener, peer: TftpPeer): RunningTransfer | undefined {
    return this.#byPeer.get(keyOf(listener.address, peer));
  }

  /** Lets a transfer in, which `leave` must end; or says why not. */
  enter(listener: TftpListener, peer: TftpPeer, request: Buffer): RunningTransfer | LimitReason {
    let limit = this.#limits.enter(peer.address);
    if (limit === 'overload' && this.#makeRoom()) limit = this.#limits.enter(peer.address);
    if (limit !== undefined) return limit;
    const running: RunningTransfer = { listener, request, peer, startedMs: this.#nowMs() };
    this.#byPeer.set(keyOf(listener.address, peer), running);
    this.#unanswered.add(running);
    return running;
  }

  /** Gives a place back, once. */
  leave(running: RunningTransfer): void {
    if (running.left === true) return;
    running.left = true;
    this.#unanswered.delete(running);
    const key = keyOf(running.listener.address, running.peer);
    // A client that started anew has taken the key by now.
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

  /** Tells those whose time has come. */
  tick(nowMs: number): void {
    for (const { transfer } of this.#byPeer.values()) {
      if (transfer !== undefined && nowMs >= transfer.state.deadlineMs) {
        transfer.handle({ kind: 'tick', nowMs });
      }
    }
  }

  /** Resolves when all have ended, which after `graceMs` they are made to. */
  async end(graceMs: number): Promise<void> {
    if (this.#limits.running === 0) return;
    const idle = new Promise<void>((resolve) => (this.#onIdle = resolve));
    const timer = setTimeout(() => this.stop(), graceMs);
    await idle;
    clearTimeout(timer);
  }

  /**
   * Ends a transfer for another: the one that has waited longest for its client's first answer, since a few hundred
   * requests a second with forged senders would keep everybody out; else the slowest, since clients that answer only
   * now and then would.
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
      // A file that takes long to open is no fault of the client.
      if (transfer === undefined) continue;
      this.#unanswered.delete(running);
      if (!transfer.state.confirmed) return running;
    }
    return undefined;
  }

  /** The transfer that moves least, of those that are silent or slower than any client that is there. */
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
