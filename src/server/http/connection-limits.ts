import type { Socket } from 'node:net';
import { KeyCounts } from '../../limits/key-counts.ts';

/** The limits of connections. */
export interface ConnectionLimitSettings {
  readonly total: number;
  /** Connections of one address. */
  readonly perSource: number;
}

/** A client that is present has sent its request within this time. */
const IDLE_MS_MIN = 1_000;

/**
 * Limits the connections of a server, in all and for each address. If there are too many in all, the one that has been
 * idle for longest is closed for the new one: then unfinished or missing requests keep no other client out, and a
 * client whose kept connection was closed opens a new one.
 */
export class ConnectionLimits {
  readonly #settings: ConnectionLimitSettings;
  readonly #nowMs: () => number;
  readonly #bySource = new KeyCounts<string>();
  /** The time since when each connection has had no request in progress, those idle for longest first. */
  readonly #idle = new Map<Socket, number>();

  /** `nowMs` returns monotonic milliseconds. */
  constructor(settings: ConnectionLimitSettings, nowMs: () => number) {
    this.#settings = settings;
    this.#nowMs = nowMs;
  }

  /** Number of open connections. */
  get total(): number {
    return this.#bySource.total;
  }

  /** Accepts a new connection, or closes it. */
  readonly admit = (socket: Socket): void => {
    const source = socket.remoteAddress ?? '';
    if (!this.#enter(source)) {
      // With a reset, so that a refused connection leaves nothing behind.
      socket.resetAndDestroy();
      return;
    }
    this.#idle.set(socket, this.#nowMs());
    socket.once('close', () => this.#leave(socket, source));
  };

  /** A connection has sent a request. */
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
