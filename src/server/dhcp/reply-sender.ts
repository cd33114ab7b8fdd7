import { getSystemErrorName } from 'node:util';
import type { Ipv4Address } from '../../protocol/ipv4-address.ts';
import type { ReplyDestination } from '../../provision/dhcp/replies/dhcp-decision.ts';
import type { Ingress } from '../../provision/dhcp/dhcp-packet.ts';
import type { DatagramBatches, OutgoingDatagram } from '../udp/datagram-batches.ts';
import type { UdpSocket } from '../udp/open-udp-socket.ts';

/**
 * Maximum number of replies in one system call. More at a time overflow the receive buffer of a relay that is no faster
 * than this server.
 */
const SENT_AT_ONCE = 16;

/**
 * Maximum number of bytes that wait in the process for space in the kernel, some 10,000 replies; further ones are
 * dropped, and their clients ask again.
 */
const WAITING_BYTES_MAX = 4 << 20;

/** Replies of this turn of the event loop that one socket is to send. */
interface Outbox {
  readonly socket: UdpSocket;
  datagrams: OutgoingDatagram[];
  closed: boolean;
}

/**
 * Sends replies from the sockets that received their requests, those of one turn of the event loop together. Failures
 * are reported only by their code: the client will ask again.
 */
export class ReplySender {
  readonly #failed: (code: string) => void;
  /** By receiving socket, the outbox of the socket that sends. */
  readonly #outboxes = new Map<Ingress, Outbox>();
  /** Outboxes that are not empty. */
  readonly #filled = new Set<Outbox>();
  /** If absent, each reply is sent with its own call. */
  batches: DatagramBatches | undefined;

  constructor(failed: (code: string) => void) {
    this.#failed = failed;
  }

  /** Replies to requests that arrive there are sent from this socket. */
  add(ingress: Ingress, socket: UdpSocket): void {
    this.#outboxes.set(ingress, { socket, datagrams: [], closed: false });
  }

  /**
   * The sockets of an interface are being closed, or only those that it has for `address`. Replies that they have not
   * sent yet are lost.
   */
  remove(interfaceName: string, address?: Ipv4Address): void {
    for (const [ingress, outbox] of this.#outboxes) {
      if (ingress.interface !== interfaceName) continue;
      if (address !== undefined && ingress.localAddress !== address) continue;
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

  /** Sends the remaining replies. */
  flush(): void {
    for (const outbox of this.#filled) this.#sendAll(outbox);
    this.#filled.clear();
  }

  #sendAll(outbox: Outbox): void {
    const { closed, datagrams, socket } = outbox;
    outbox.datagrams = [];
    // The descriptor of a socket that was closed meanwhile may have been reused for something else.
    if (socket.fd === undefined || datagrams.length === 0 || closed) return;
    const left = this.batches?.send(socket.fd, datagrams, this.#refused) ?? [];
    for (const datagram of left) this.#sendByNode(socket, datagram);
  }

  /** If the kernel has no space, Node waits until it has. */
  #sendByNode({ socket }: UdpSocket, { address, bytes, port }: OutgoingDatagram): void {
    if (socket.getSendQueueSize() > WAITING_BYTES_MAX) this.#failed('ENOBUFS');
    else socket.send(bytes, port, address, this.#sent);
  }

  readonly #sent = (error: Error | null): void => {
    if (error !== null) this.#failed('code' in error ? String(error.code) : 'unknown');
  };

  readonly #refused = (errno: number): void => this.#failed(getSystemErrorName(errno));
}
