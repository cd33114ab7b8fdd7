import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** The bytes, and the side that sends them, at which a connection is cut, and whether they are still delivered. */
export interface Cut {
  readonly from: 'client' | 'server';
  readonly bytes: string;
}

/** A proxy between a client and a server that cuts the connection where a test requires it. */
export class CuttingProxy {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #cut: Cut | undefined;
  /** Number of connections that were cut. */
  cuts = 0;

  static async start(serverPort: number): Promise<CuttingProxy> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new CuttingProxy(server, serverPort);
  }

  private constructor(server: Server, serverPort: number) {
    this.#server = server;
    this.port = (server.address() as { port: number }).port;
    server.on('connection', (client) => {
      const upstream = connect(serverPort, '127.0.0.1');
      this.#forward('client', client, upstream);
      this.#forward('server', upstream, client);
    });
  }

  /** Cuts the next connection on which these bytes pass; they are not delivered. */
  cutAt(cut: Cut): void {
    this.#cut = cut;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #forward(side: Cut['from'], from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.on('data', (chunk) => {
      const cut = this.#cut;
      if (cut?.from === side && chunk.includes(cut.bytes)) {
        this.#cut = undefined;
        this.cuts++;
        from.destroy();
        to.destroy();
      } else to.write(chunk);
    });
    from.on('error', () => undefined);
    from.on('close', () => {
      this.#sockets.delete(from);
      to.destroy();
    });
  }
}
