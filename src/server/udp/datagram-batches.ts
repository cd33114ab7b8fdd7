import { type Ipv4Address, ipv4FromBytes, writeIpv4 } from '../../protocol/ipv4-address.ts';
import { DataSlots } from './message-slots.ts';
import {
  hasKnownLayout,
  HEADER_SIZE,
  LENGTH,
  NAME_ADDRESS,
  NAME_LENGTH,
  NAME_PORT,
  NAME_SIZE,
  VECTOR_SIZE,
} from './mmsghdr.ts';
import { NO_ROOM, type SocketCalls } from './socket-calls.ts';

/** A datagram to send. */
export interface OutgoingDatagram {
  readonly bytes: Uint8Array;
  readonly address: Ipv4Address;
  readonly port: number;
}

/** Receives a datagram. The receiver may keep `bytes`. */
export type TakeDatagram = (bytes: Uint8Array, source: { address: Ipv4Address; port: number }) => void;

/** Maximum number of datagrams in one system call. */
const SLOTS = 64;
/** Longer datagrams are truncated; DHCP has none, since they would not fit into one frame. */
const SLOT_SIZE = 4096;

/**
 * Receives and sends many datagrams with one system call each. node:dgram makes one call, one buffer of 64 KiB and
 * several objects for each datagram (docs/decisions/0031).
 */
export class DatagramBatches {
  readonly #calls: SocketCalls;
  readonly #incoming: DataSlots;
  readonly #outgoing: DataSlots;

  /** Undefined on machines with another layout of these structures. */
  static create(calls: SocketCalls): DatagramBatches | undefined {
    return hasKnownLayout() ? new DatagramBatches(calls) : undefined;
  }

  private constructor(calls: SocketCalls) {
    this.#calls = calls;
    this.#incoming = new DataSlots(calls, SLOTS, SLOT_SIZE);
    this.#outgoing = new DataSlots(calls, SLOTS, SLOT_SIZE);
  }

  /**
   * Receives the datagrams that have arrived on a socket already, at most as many as fit one call: the event loop has
   * other work too. Errors are left for the socket itself to report.
   */
  receive(fd: number, take: TakeDatagram): void {
    const { data, headers, names } = this.#incoming;
    const received = this.#calls.receiveMany(fd, headers, SLOTS);
    for (let slot = 0; slot < received; slot++) {
      const start = slot * SLOT_SIZE;
      const length = headers.readUInt32LE(slot * HEADER_SIZE + LENGTH);
      const name = slot * NAME_SIZE;
      take(Buffer.from(data.subarray(start, start + length)), {
        address: ipv4FromBytes(names, name + NAME_ADDRESS),
        port: names.readUInt16BE(name + NAME_PORT),
      });
      // The kernel has overwritten the length of the name.
      headers.writeUInt32LE(NAME_SIZE, slot * HEADER_SIZE + NAME_LENGTH);
    }
  }

  /**
   * Sends datagrams. `failed` is called with the negative errno for those that the kernel refuses. Returns those for
   * which the kernel has no space at the moment.
   */
  send(
    fd: number,
    datagrams: readonly OutgoingDatagram[],
    failed: (errno: number) => void,
  ): readonly OutgoingDatagram[] {
    let next = 0;
    while (next < datagrams.length) {
      const count = this.#fill(datagrams, next);
      const result = this.#calls.sendMany(fd, this.#outgoing.headers, count);
      if (NO_ROOM.has(result)) return datagrams.slice(next);
      // The call stops at the first datagram that fails, and reports the error only if that is the first of all.
      if (result < 0) failed(result);
      next += result < 0 ? 1 : result;
    }
    return [];
  }

  /** Fills slots with the datagrams from `first` on, and returns their number. */
  #fill(datagrams: readonly OutgoingDatagram[], first: number): number {
    const { data, names, vectors } = this.#outgoing;
    const count = Math.min(SLOTS, datagrams.length - first);
    for (let slot = 0; slot < count; slot++) {
      const datagram = datagrams[first + slot];
      if (datagram === undefined) return slot;
      const { address, bytes, port } = datagram;
      data.set(bytes, slot * SLOT_SIZE);
      vectors.writeUInt32LE(bytes.length, slot * VECTOR_SIZE + 8);
      names.writeUInt16BE(port, slot * NAME_SIZE + NAME_PORT);
      writeIpv4(names, slot * NAME_SIZE + NAME_ADDRESS, address);
    }
    return count;
  }
}
