import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { ADDRESSES_ONLY } from '../../../src/server/udp/open-udp-socket.ts';

/** A packet that a test client received. */
export interface Received {
  readonly opcode: number;
  /** Block number of DATA, code of ERROR. */
  readonly number: number;
  readonly bytes: Buffer;
  readonly address: string;
  readonly port: number;
}

/** RRQ or WRQ (RFC 1350, 2347), encoded without the codec under test. */
export function rawRequest(
  filename: string,
  options: Readonly<Record<string, string | number>> = {},
  { mode = 'octet', opcode = 1 } = {},
): Buffer {
  const pairs = Object.entries(options).map(([name, value]) => `${name}\0${value}\0`);
  return Buffer.concat([Buffer.from([0, opcode]), Buffer.from(`${filename}\0${mode}\0${pairs.join('')}`)]);
}

export function rawAck(block: number): Buffer {
  return Buffer.from([0, 4, (block >> 8) & 255, block & 255]);
}

/** An ERROR packet with a text. */
export function rawError(code: number): Buffer {
  return Buffer.concat([Buffer.from([0, 5, 0, code]), Buffer.from('stop\0')]);
}

/** A socket that keeps received packets, for tests that act as a client packet by packet. */
export class TestPeer {
  readonly #socket: Socket;
  readonly #queue: Received[] = [];
  #wake: (() => void) | undefined;
  received = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (bytes, { address, port }) => {
      this.received++;
      this.#queue.push({
        opcode: bytes.readUInt16BE(0),
        number: bytes.length >= 4 ? bytes.readUInt16BE(2) : -1,
        bytes,
        address,
        port,
      });
      this.#wake?.();
    });
  }

  static async open(address = '127.0.0.1'): Promise<TestPeer> {
    // Without a name look-up a packet is sent at once, including the last one before the socket is closed.
    const socket = createSocket({ type: 'udp4', ...ADDRESSES_ONLY });
    const listening = once(socket, 'listening');
    socket.bind(0, address);
    await listening;
    return new TestPeer(socket);
  }

  send(bytes: Uint8Array, port: number, address = '127.0.0.1'): void {
    this.#socket.send(bytes, port, address);
  }

  /** The next packet; undefined if none arrives in time. */
  async next(timeoutMs = 3000): Promise<Received | undefined> {
    if (this.#queue.length === 0) {
      await new Promise<void>((resolve) => {
        // After a pause of the whole process its timers come before what waits in its sockets, which is to be read first.
        const timer = setTimeout(() => setImmediate(resolve), timeoutMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = undefined;
    }
    return this.#queue.shift();
  }

  /** Sends a request and returns the first answer. */
  async ask(request: Uint8Array, port: number, address = '127.0.0.1'): Promise<Received | undefined> {
    this.send(request, port, address);
    return this.next();
  }

  close(): void {
    this.#socket.close();
  }
}

/** The result of a whole transfer. */
export interface Fetched {
  readonly bytes: Buffer;
  readonly oack: Readonly<Record<string, string>>;
  readonly server: { readonly address: string; readonly port: number };
  readonly dataPackets: number;
}

/** Reads a file as a correct client does. Rejects with the server's ERROR, or when the server sends nothing more. */
export async function fetchFile(
  port: number,
  filename: string,
  options: Readonly<Record<string, string | number>> = {},
  server = '127.0.0.1',
): Promise<Fetched> {
  const peer = await TestPeer.open();
  try {
    const blocks: Buffer[] = [];
    let oack: Record<string, string> = {};
    let dataPackets = 0;
    peer.send(rawRequest(filename, options), port, server);
    for (;;) {
      const packet = await peer.next();
      if (packet === undefined) throw new Error('the server does not answer');
      const { address, bytes, number, opcode, port: tid } = packet;
      if (opcode === 5) throw new Error(`ERROR ${number}: ${bytes.toString('latin1', 4, bytes.length - 1)}`);
      if (opcode === 6) {
        const words = bytes.toString('latin1', 2).split('\0');
        oack = {};
        for (let at = 0; at + 1 < words.length; at += 2) oack[words[at]!] = words[at + 1]!;
        peer.send(rawAck(0), tid, address);
        continue;
      }
      dataPackets++;
      if (number === ((blocks.length + 1) & 0xffff)) blocks.push(bytes.subarray(4));
      const last = bytes.length - 4 < Number(oack['blksize'] ?? 512);
      const windowsize = Number(oack['windowsize'] ?? 1);
      if (last || blocks.length % windowsize === 0) peer.send(rawAck(blocks.length), tid, address);
      if (last) return { bytes: Buffer.concat(blocks), oack, server: { address, port: tid }, dataPackets };
    }
  } finally {
    peer.close();
  }
}
