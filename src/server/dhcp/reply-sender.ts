import { getSystemErrorName } from 'node:util';
import type { ReplyDestination } from '../../provision/dhcp/replies/dhcp-decision.ts';
import type { Ingress } from '../../provision/dhcp/dhcp-packet.ts';
import type { DatagramBatches, OutgoingDatagram } from '../udp/datagram-batches.ts';
import type { UdpSocket } from '../udp/open-udp-socket.ts';

/** Replies of one system call. More at a time overrun the receive buffer of a relay that is no faster than we are. */
const SENT_AT_ONCE = 16;

/** Bytes that may wait in the process for room in the kernel, some 10,000 replies; clients ask again for what is over it. */
const WAITING_BYTES_MAX = 4 << 20;

/** Replies of this turn of the event loop that one socket is to send. */
interface Outbox {
  readonly socket: UdpSocket;
  datagrams: OutgoingDatagram[];
  closed: boolean;
}

/**
 * Sends replies from where their requests came in, those of one turn of the event loop together. Failures are told by
 * their code and nothing else: the client will ask again.
 */
export class ReplySender {
  readonly #failed: (code: string) => void;
  /** What sends for what came in there. */
  readonly #outboxes = new Map<Ingress, Outbox>();
  /** Outboxes with something in them. */
  readonly #filled = new Set<Outbox>();
  /** Absent: each reply is sent by itself. */
  batches: DatagramBatches | undefined;

  constructor(failed: (code: string) => void) {
    this.#failed = failed;
  }

  /** Replies to what comes in there leave from this socket. */
  add(ingress: Ingress, socket: UdpSocket): void {
    this.#outboxes.set(ingress, { socket, datagrams: [], closed: false });
  }

  /** The sockets of an interface are being closed. What is still to be sent by them is lost. */
  remove(interfaceName: string): void {
    for (const [ingress, outbox] of this.#outboxes) {
      if (ingress.interface !== interfaceName) continue;
      outbox.closed = true;
      this.#outboxes.delete(ingress);
    }
  }

  send(bytes: Uint8Array, { address, from, port }: ReplyDestination): void {
    const outbox = this.#outboxes.get(from);
    if (outbox === undefined) {
      // The interface changed while the lease was being written.
      this.#failed('EADDRNOTAVAIL');
      return;
    }
    if (this.batches === undefined || outbox.socket.fd === undefined) {
      this.#sendByNode(outbox.socket, { address, bytes, port });
      return;
    }
    outbox.datagrams.push({ bytes, address, port });
    if (outbox.datagrams.length >= SENT_AT_ONCE) {
      this.#sendAll(outbox);
      return;
    }
    if (this.#filled.size === 0) setImmediate(() => this.flush());
    this.#filled.add(outbox);
  }

  /** Sends what is left. */
  flush(): void {
    for (const outbox of this.#filled) this.#sendAll(outbox);
    this.#filled.clear();
  }

  #sendAll(outbox: Outbox): void {
    const { closed, datagrams, socket } = outbox;
    outbox.datagrams = [];
    // A socket that was closed meanwhile may have lent its descriptor to something else.
    if (socket.fd === undefined || datagrams.length === 0 || closed) return;
    const left = this.batches?.send(socket.fd, datagrams, this.#refused) ?? [];
    for (const datagram of left) this.#sendByNode(socket, datagram);
  }

  /** Where the kernel has no room, Node waits until it has. */
  #sendByNode({ socket }: UdpSocket, { address, bytes, port }: OutgoingDatagram): void {
    if (socket.getSendQueueSize() > WAITING_BYTES_MAX) this.#failed('ENOBUFS');
    else socket.send(bytes, port, address, this.#sent);
  }

  readonly #sent = (error: Error | null): void => {
    if (error !== null) this.#failed('code' in error ? String(error.code) : 'unknown');
  };

  readonly #refused = (errno: number): void => this.#failed(getSystemErrorName(errno));
}
