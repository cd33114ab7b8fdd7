import type { Socket } from 'node:net';
import { KeyCounts } from '../../limits/key-counts.ts';

/** How many connections there may be. */
export interface ConnectionLimitSettings {
  readonly total: number;
  /** Of one address. */
  readonly perSource: number;
}

/** A client that is there has sent its request by then. */
const IDLE_MS_MIN = 1_000;

/**
 * Bounds the connections of a server, in all and of each address. When there are too many in all, the one that has been
 * idle for longest gives way to the new one: half of a request, or none, then keeps nobody out, and a client whose
 * connection was kept for later opens a new one.
 */
export class ConnectionLimits {
  readonly #settings: ConnectionLimitSettings;
  readonly #nowMs: () => number;
  readonly #bySource = new KeyCounts<string>();
  /** Since when a connection has had no request under way, those idle for longest first. */
  readonly #idle = new Map<Socket, number>();

  /** `nowMs` tells monotonic milliseconds. */
  constructor(settings: ConnectionLimitSettings, nowMs: () => number) {
    this.#settings = settings;
    this.#nowMs = nowMs;
  }

  /** Connections that are open. */
  get total(): number {
    return this.#bySource.total;
  }

  /** Lets a new connection in, or closes it. */
  readonly admit = (socket: Socket): void => {
    const source = socket.remoteAddress ?? '';
    if (!this.#enter(source)) {
      // By a reset, since nothing may be left over of what is not let in.
      socket.resetAndDestroy();
      return;
    }
    this.#idle.set(socket, this.#nowMs());
    socket.once('close', () => this.#leave(socket, source));
  };

  /** A request has come on a connection. */
  begin(socket: Socket): void {
    this.#idle.delete(socket);
  }

  /** All requests of a connection are answered. */
  end(socket: Socket): void {
    if (!socket.destroyed) this.#idle.set(socket, this.#nowMs());
  }

  #enter(source: string): boolean {
    const full = this.total >= this.#settings.total;
    if (!this.#bySource.take(source, this.#settings.perSource)) return false;
    if (!full || this.#makeRoom()) return true;
    this.#bySource.release(source);
    return false;
  }

  #leave(socket: Socket, source: string): void {
    this.#idle.delete(socket);
    this.#bySource.release(source);
  }

  #makeRoom(): boolean {
    for (const [socket, sinceMs] of this.#idle) {
      if (this.#nowMs() - sinceMs < IDLE_MS_MIN) return false;
      this.#idle.delete(socket);
      socket.destroy();
      return true;
    }
    return false;
  }
}
