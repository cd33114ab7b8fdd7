import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Express } from 'express';
import { listenHttp } from '../../host/listen-http.ts';
import type { Endpoint } from '../../protocol/endpoint.ts';
import { RequestTurns } from '../http/request-turns.ts';
import { TLS_MIN, type TlsFiles } from './tls-files.ts';

/** The limit is for people and programs, not machines. */
const CONNECTIONS_MAX = 500;
/** How long a client may neither send nor receive anything. */
const STALL_MS = 120_000;

/** The operator plane: the interface for people and programs, on a separate listener. */
export class OperatorHttpServer {
  readonly #server: Server;

  /** With `tls`, every connection is TLS 1.2 or later, with the certificate of that moment. */
  constructor(app: Express, tls?: Pick<TlsFiles, 'onChange' | 'pair'>) {
    const { take } = new RequestTurns(app);
    if (tls === undefined) this.#server = createServer(take);
    else {
      const server = createTlsServer({ ...tls.pair, minVersion: TLS_MIN }, take);
      tls.onChange((pair) => server.setSecureContext({ ...pair, minVersion: TLS_MIN }));
      this.#server = server;
    }
    this.#server.maxConnections = CONNECTIONS_MAX;
    this.#server.setTimeout(STALL_MS);
  }

  /** Starts to listen, and returns the address. Rejects with an Error that names the port and the cause. */
  listen(wanted: Endpoint): Promise<Endpoint> {
    return listenHttp(this.#server, 'operator.listen', wanted);
  }

  /** Stops listening and ends all connections. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }
}
