import type { Ipv4Address } from '../../../protocol/ipv4-address.ts';
import type { LimitReason, RequestLimits } from '../request-limits.ts';
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
  /** Whether its place was given back. */
  left?: boolean;
}

/** A client that is there answers sooner. Shorter than the first wait before sending again, longer than a busy network. */
const UNANSWERED_MS_MIN = 300;

/** The transfers under way, within the limits of how many there may be. */
export class RunningTransfers {
  readonly #limits: RequestLimits;
  readonly #nowMs: () => number;
  /** By our address, the peer's address and its port. */
  readonly #byPeer = new Map<string, RunningTransfer>();
  /** Those whose client had not answered when last looked at, oldest first. */
  readonly #unanswered = new Set<RunningTransfer>();
  #onIdle: (() => void) | undefined;

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
   * Ends the transfer that has waited longest for its client's first answer. Otherwise a few hundred requests a second
   * with forged senders would keep everybody out.
   */
  #makeRoom(): boolean {
    for (const running of this.#unanswered) {
      const { startedMs, transfer } = running;
      if (this.#nowMs() - startedMs < UNANSWERED_MS_MIN) return false;
      // A file that takes long to open is no fault of the client.
      if (transfer === undefined) continue;
      this.#unanswered.delete(running);
      if (transfer.state.confirmed) continue;
      transfer.handle({ kind: 'displaced' });
      this.leave(running);
      return true;
    }
    return false;
  }
}

function keyOf(local: Ipv4Address, { address, port }: TftpPeer): string {
  return `${local} ${address}:${port}`;
}
