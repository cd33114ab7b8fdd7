import type { Socket } from 'node:dgram';
import { getSystemErrorName } from 'node:util';
import { type Ipv4Address, ipv4FromNumber, ipv4ToNumber } from '../../../protocol/ipv4-address.ts';
import type { PacketBatches, PacketDestination, UnsentPacket } from '../../udp/packet-batches.ts';

/** For this long, late packets to an ended transfer are ignored. */
const QUARANTINE_MS = 10_000;
/** Number of ended transfers that are remembered. */
const ENDED_MAX = 10_000;
const PORTS = 0x1_0000;
/** Size in bytes of the head of a packet, which contains the block number. */
const HEAD_LENGTH = 4;
/** How long to wait if the kernel has no memory for a packet, since it does not report when that changes. */
const NO_MEMORY_PAUSE_MS = 5;
const NO_MEMORY: ReadonlySet<string> = new Set(['ENOBUFS', 'ENOMEM']);

/** The destination of packets. */
export interface TftpPeer {
  readonly address: Ipv4Address;
  readonly port: number;
}

/** Receives a packet of a transfer. `bytes` are valid only until it returns. */
export type TakeTransferPacket = (bytes: Uint8Array) => void;

/** A packet could not be sent; `code` is like `ENETUNREACH`. */
export type SendError = Error & { readonly code?: string };

/** Is notified about packets that were not sent at once. */
export interface SenderListener {
  /** There was no space for the packet with this head. It is dropped, and `room` will be called. */
  noRoom(head: number): void;
  /** There is space again. */
  room(): void;
  /** A packet was dropped for another reason. */
  failed(error: SendError): void;
}

/** The sending side of a transfer. */
export interface PacketSender {
  /**
   * Sends a packet, at the latest when flushed: the four bytes of `head`, a number in network order, and those of
   * `body` from `start` up to `end`, which must not change until then.
   */
  send(head: number, body: Uint8Array, start: number, end: number): void;
  flush(): void;
}

/** Sends a complete packet at once. */
export function sendPacket(sender: PacketSender, packet: Buffer): void {
  sender.send(packet.readUInt32BE(0), packet, HEAD_LENGTH, packet.length);
  sender.flush();
}

/** What a port depends on. */
export interface TransferPortParts {
  readonly socket: Socket;
  /** The descriptor, if packets can be sent and received in batches; otherwise each takes a call of node:dgram. */
  readonly fd?: number;
  readonly batches?: PacketBatches;
  /** A packet was received from a peer without a transfer. */
  readonly onStranger: (port: TransferPort, bytes: Uint8Array, peer: TftpPeer) => void;
  readonly onError: (error: Error) => void;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/**
 * A port from which many transfers are sent, each to its own peer. With one socket for many transfers the kernel
 * returns the ACKs of all of them at once (docs/decisions/0040).
 */
export class TransferPort {
  readonly #parts: TransferPortParts;
  /** By the peer's address and port, as one number. */
  readonly #transfers = new Map<number, TakeTransferPacket>();
  /** The time when each ended, in order of time. */
  readonly #ended = new Map<number, number>();
  /** Whether the socket's buffer is full, so that packets are kept back; `#waiting` are notified when it has space. */
  #full = false;
  readonly #waiting = new Set<SenderListener>();
  #pause: NodeJS.Timeout | undefined;

  constructor(parts: TransferPortParts) {
    this.#parts = parts;
  }

  /**
   * Receives what arrives at the socket; `onPacket` is called after a packet of a transfer. Not used for a port that
   * also receives requests, whose owner calls `take`.
   */
  listen(onPacket: () => void): void {
    const { onError, socket } = this.#parts;
    socket.on('error', onError);
    socket.on('message', (bytes, from) => {
      const take = (): void => this.take(bytes, ipv4ToNumber(from.address as Ipv4Address), from.port);
      if (this.#parts.batches === undefined) take();
      else this.#parts.batches.collect(take);
      onPacket();
    });
  }

  /**
   * Receives what has arrived already, at most as much as fits one system call, and sends what follows from it. Returns
   * the number of packets.
   */
  receive(): number {
    const { batches, fd } = this.#parts;
    if (batches === undefined || fd === undefined) return 0;
    let received = 0;
    batches.collect(() => (received = batches.receive(fd, this.#take)));
    return Math.max(0, received);
  }

  /** Passes a packet to its transfer. */
  take(bytes: Uint8Array, address: number, port: number): void {
    const key = address * PORTS + port;
    const transfer = this.#transfers.get(key);
    if (transfer !== undefined) transfer(bytes);
    else if (!this.#hasEnded(key)) {
      this.#parts.onStranger(this, bytes, { address: ipv4FromNumber(address), port });
    }
  }

  readonly #take = (bytes: Uint8Array, address: number, port: number): void =>
    this.take(bytes, address, port);

  /** Number of transfers that are sent from here now. */
  get transfers(): number {
    return this.#transfers.size;
  }

  /** When the peer's last transfer from this port ended; Infinity while it runs, 0 if there was none recently. */
  leftMs(peer: TftpPeer): number {
    const key = keyOf(peer);
    return this.#transfers.has(key) ? Infinity : (this.#ended.get(key) ?? 0);
  }

  /** Begins to pass a peer's packets to `take`; an earlier receiver of the same peer gets no more. */
  join(peer: TftpPeer, take: TakeTransferPacket): void {
    this.#transfers.set(keyOf(peer), take);
  }

  leave(peer: TftpPeer, take: TakeTransferPacket): void {
    const key = keyOf(peer);
    if (this.#transfers.get(key) !== take) return;
    this.#transfers.delete(key);
    const nowMs = this.#parts.now();
    for (const [ended, atMs] of this.#ended) {
      if (nowMs - atMs < QUARANTINE_MS && this.#ended.size < ENDED_MAX) break;
      this.#ended.delete(ended);
    }
    // Deleting it first moves it to the end.
    this.#ended.delete(key);
    this.#ended.set(key, nowMs);
  }

  /** The sending side for one peer. */
  senderTo(peer: TftpPeer, listener: SenderListener): PacketSender {
    const { batches, fd, socket } = this.#parts;
    if (batches === undefined || fd === undefined) {
      return {
        send: (head, body, start, end) => {
          if (this.#full) return this.#wait(listener, head);
          const packet = { head, body: body.subarray(start, end) };
          socket.send(piecesOf(packet), peer.port, peer.address, (error: SendError | null) => {
            if (error !== null) this.#onUnsent(packet, peer, listener, error);
          });
        },
        flush: () => undefined,
      };
    }
    const to: PacketDestination = {
      fd,
      address: ipv4ToNumber(peer.address),
      port: peer.port,
      failed: (errno, packet) => {
        const code = getSystemErrorName(errno);
        const error = Object.assign(new Error(`sendmmsg: ${code}`), { code });
        this.#onUnsent(packet, peer, listener, error);
      },
    };
    return {
      send: (head, body, start, end) => {
        if (this.#full) this.#wait(listener, head);
        else batches.add(to, head, body, start, end);
      },
      flush: () => batches.flush(),
    };
  }

  close(): void {
    clearTimeout(this.#pause);
    this.#parts.socket.close();
  }

  #onUnsent(packet: UnsentPacket, peer: TftpPeer, listener: SenderListener, error: SendError): void {
    if (NO_MEMORY.has(error.code ?? '')) {
      this.#full = true;
      this.#pause ??= setTimeout(() => this.#onRoom(), NO_MEMORY_PAUSE_MS);
    } else if (error.code !== 'EAGAIN') {
      listener.failed(error);
      return;
    } else if (!this.#full) {
      // Node waits until the kernel has space. It keeps a copy of the packet, since the file may be closed by then.
      this.#full = true;
      const kept = Buffer.concat(piecesOf(packet));
      this.#parts.socket.send(kept, peer.port, peer.address, () => this.#onRoom());
      return;
    }
    this.#wait(listener, packet.head);
  }

  #wait(listener: SenderListener, head: number): void {
    this.#waiting.add(listener);
    listener.noRoom(head);
  }

  /**
   * The one that has waited longest is notified first. Those whose packets do not fit this time wait again, in the same
   * order.
   */
  #onRoom(): void {
    this.#pause = undefined;
    this.#full = false;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    const tell = (): void => waiting.forEach((listener) => listener.room());
    if (this.#parts.batches === undefined) tell();
    else this.#parts.batches.collect(tell);
  }

  #hasEnded(key: number): boolean {
    const atMs = this.#ended.get(key);
    return atMs !== undefined && this.#parts.now() - atMs < QUARANTINE_MS;
  }
}

function keyOf({ address, port }: TftpPeer): number {
  return ipv4ToNumber(address) * PORTS + port;
}

function piecesOf({ body, head }: UnsentPacket): Uint8Array[] {
  const first = Buffer.alloc(HEAD_LENGTH);
  first.writeUInt32BE(head);
  return [first, body];
}
