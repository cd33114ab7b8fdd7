import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';

/** A request that the receiver got. */
export interface ReceivedDelivery {
  readonly method: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** How a receiver answers the request with this number, counted from 0. */
export type Answering = (response: ServerResponse, index: number, socket: Socket) => void;

/** The certificate and key of a TLS receiver, as PEM. */
export interface ReceiverCertificate {
  readonly key: string;
  readonly cert: string;
}

/** A receiver of webhooks on loopback: a real HTTP server that keeps the requests. */
export class TestReceiver {
  readonly received: ReceivedDelivery[] = [];
  readonly #server: Server;
  connections = 0;

  readonly #scheme: string;

  private constructor(answer: Answering, tls: ReceiverCertificate | undefined) {
    this.#scheme = tls === undefined ? 'http' : 'https';
    const take = (request: IncomingMessage, response: ServerResponse): void => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        const { headers, method = '', socket } = request;
        this.received.push({ method, headers, body: Buffer.concat(parts).toString() });
        answer(response, this.received.length - 1, socket);
      });
    };
    this.#server = tls === undefined ? createServer(take) : createTlsServer(tls, take);
    this.#server.on('connection', () => this.connections++);
  }

  /** With `port` 0 the kernel chooses one. */
  static async start(answer: Answering, port = 0, tls?: ReceiverCertificate): Promise<TestReceiver> {
    const receiver = new TestReceiver(answer, tls);
    await new Promise<void>((listening) => receiver.#server.listen(port, '127.0.0.1', listening));
    return receiver;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): URL {
    return new URL(`${this.#scheme}://127.0.0.1:${this.port}/hook?from=railhead`);
  }

  /** Numbers of the events, in the order of their arrival. */
  get numbers(): number[] {
    return this.received.map(({ body }) => (JSON.parse(body) as { data: { number: number } }).data.number);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((closed) => this.#server.close(closed));
  }
}

/** Accepts every delivery. */
export const taking: Answering = (response) => {
  response.writeHead(204).end();
};
