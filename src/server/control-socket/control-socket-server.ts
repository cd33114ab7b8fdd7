import { createServer, type Server } from 'node:http';
import type { Express, Request } from 'express';
import { type Actor, ownerActor } from '../../control/actor.ts';
import { listenOnSocket } from './listen-socket.ts';

/** The header in which the command line says who uses it; whoever can open the socket may do everything. */
export const USER_HEADER = 'railhead-user';
const CONNECTIONS_MAX = 100;

/** The REST API on a Unix socket that only the owner of the service can open, and that needs no token. */
export class ControlSocketServer {
  readonly #server: Server;

  constructor(app: Express) {
    this.#server = createServer(app);
    this.#server.maxConnections = CONNECTIONS_MAX;
  }

  /** Starts to listen. Rejects with an Error that names the setting, the file and the cause. */
  listen(file: string): Promise<void> {
    return listenOnSocket(this.#server, 'operator.socket', file);
  }

  /** Stops listening, and ends all connections. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }
}

/** Whoever uses the socket, by the name that they give. */
export function socketActor(request: Request): Actor {
  const user = (request.get(USER_HEADER) ?? '').replace(/[^\w.@-]/g, '').slice(0, 64);
  return ownerActor(`socket:${user === '' ? 'owner' : user}`);
}
