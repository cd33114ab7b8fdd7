import type { Socket } from 'node:net';

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
  readonly #bySource = new Map<string, number>();
  /** Since when a connection has had no request under way, those idle for longest first. */
  readonly #idle = new Map<Socket, number>();
  #total = 0;

  /** `nowMs` tells monotonic milliseconds. */
  constructor(settings: ConnectionLimitSettings, nowMs: () => number) {
    this.#settings = settings;
    this.#nowMs = nowMs;
  }

  /** Connections that are open. */
  get total(): number {
    return this.#total;
  }

  /** Lets a new connection in, or closes it. */
  readonly admit = (socket: Socket): void => {
    const source = socket.remoteAddress ?? '';
    const ofSource = this.#bySource.get(source) ?? 0;
    const full = this.#total >= this.#settings.total;
    if (ofSource >= this.#settings.perSource || (full && !this.#makeRoom())) {
      // By a reset, since nothing may be left over of what is not let in.
      socket.resetAndDestroy();
      return;
    }
    this.#total++;
    this.#bySource.set(source, ofSource + 1);
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

  #leave(socket: Socket, source: string): void {
    this.#idle.delete(socket);
    this.#total--;
    const left = (this.#bySource.get(source) ?? 1) - 1;
    if (left === 0) this.#bySource.delete(source);
    else this.#bySource.set(source, left);
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
