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

/** A datagram on its way out. */
export interface OutgoingDatagram {
  readonly bytes: Uint8Array;
  readonly address: Ipv4Address;
  readonly port: number;
}

/** Takes a datagram. `bytes` are the receiver's own. */
export type TakeDatagram = (bytes: Uint8Array, source: { address: Ipv4Address; port: number }) => void;

/** Datagrams of one system call. */
const SLOTS = 64;
/** Longer datagrams are cut off; DHCP has none, since nothing on its way would carry them in one frame. */
const SLOT_SIZE = 4096;

/**
 * Receives and sends many datagrams with one system call each. node:dgram makes one call, one buffer of 64 KiB and
 * several objects for each datagram (docs/decisions/0031).
 */
export class DatagramBatches {
  readonly #calls: SocketCalls;
  readonly #incoming: DataSlots;
  readonly #outgoing: DataSlots;

  /** Undefined on machines whose structures are laid out otherwise. */
  static create(calls: SocketCalls): DatagramBatches | undefined {
    return hasKnownLayout() ? new DatagramBatches(calls) : undefined;
  }

  private constructor(calls: SocketCalls) {
    this.#calls = calls;
    this.#incoming = new DataSlots(calls, SLOTS, SLOT_SIZE);
    this.#outgoing = new DataSlots(calls, SLOTS, SLOT_SIZE);
  }

  /**
   * Takes what has come in on a socket already, at most as much as fits one call: the event loop has other things to
   * do. Errors are left for the socket itself to find.
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
      // The kernel has written over it how long the name is.
      headers.writeUInt32LE(NAME_SIZE, slot * HEADER_SIZE + NAME_LENGTH);
    }
  }

  /**
   * Sends datagrams. Those that the kernel refuses are told to `failed` with the negative errno. Returns those that
   * it has no room for at the moment.
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
      // The call stops at the first datagram that fails, and tells why if that is the first of all.
      if (result < 0) failed(result);
      next += result < 0 ? 1 : result;
    }
    return [];
  }

  /** Fills slots with the datagrams from `first` on, and returns how many. */
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
