import {
  AF_INET,
  hasKnownLayout,
  HEADER_SIZE,
  LENGTH,
  NAME,
  NAME_LENGTH,
  NAME_SIZE,
  VECTOR,
  VECTOR_COUNT,
  VECTOR_SIZE,
} from './mmsghdr.ts';
import type { SocketCalls } from './socket-calls.ts';

/** Packets that one system call receives. */
const RECEIVED_AT_ONCE = 64;
/** Packets that one system call sends. With more, the first ones would wait for long, and their receivers too. */
const SENT_AT_ONCE = 16;
/** What clients send in a transfer is short: four octets, or an error's text. More is cut off. */
const RECEIVED_LENGTH_MAX = 1024;
const EAGAIN = -11;
const HIGH = 2 ** 32;

/** Takes a packet. `bytes` are its own only until it returns; `address` is a number, as in ipv4-address.ts. */
export type TakePacket = (bytes: Uint8Array, address: number, port: number) => void;

/** Hears that a packet was not sent; `errno` is negative. */
export type PacketFailed = (errno: number) => void;

/**
 * Packets in batches, for servers that send files: what DatagramBatches does for messages, without a copy of what is
 * sent and without an object for what is received. A packet has two parts, each sent from where it is in memory.
 */
export class PacketBatches {
  readonly #calls: SocketCalls;
  readonly #incoming = {
    ...newSlots(RECEIVED_AT_ONCE, 1),
    data: Buffer.alloc(RECEIVED_AT_ONCE * RECEIVED_LENGTH_MAX),
  };
  readonly #outgoing = newSlots(SENT_AT_ONCE, 2);
  /** Parts that wait to be sent: what only a system call refers to may be collected. */
  readonly #parts: Uint8Array[] = [];
  readonly #failed: PacketFailed[] = [];
  readonly #addresses = new WeakMap<ArrayBufferLike, number>();
  #fd = -1;
  #waiting = 0;
  #collecting = false;

  /** Undefined on machines whose structures are laid out otherwise. */
  static create(calls: SocketCalls): PacketBatches | undefined {
    return hasKnownLayout() ? new PacketBatches(calls) : undefined;
  }

  private constructor(calls: SocketCalls) {
    this.#calls = calls;
    for (const { headers, names, parts, slots, vectors } of [this.#incoming, this.#outgoing]) {
      const namesAt = calls.addressOf(names);
      const vectorsAt = calls.addressOf(vectors);
      for (let slot = 0; slot < slots; slot++) {
        const header = slot * HEADER_SIZE;
        headers.writeBigUInt64LE(namesAt + BigInt(slot * NAME_SIZE), header + NAME);
        headers.writeUInt32LE(NAME_SIZE, header + NAME_LENGTH);
        headers.writeBigUInt64LE(vectorsAt + BigInt(slot * parts * VECTOR_SIZE), header + VECTOR);
        headers.writeBigUInt64LE(BigInt(parts), header + VECTOR_COUNT);
        names.writeUInt16LE(AF_INET, slot * NAME_SIZE);
      }
    }
    const { data, vectors } = this.#incoming;
    const dataAt = calls.addressOf(data);
    for (let slot = 0; slot < RECEIVED_AT_ONCE; slot++) {
      vectors.writeBigUInt64LE(dataAt + BigInt(slot * RECEIVED_LENGTH_MAX), slot * VECTOR_SIZE);
      vectors.writeBigUInt64LE(BigInt(RECEIVED_LENGTH_MAX), slot * VECTOR_SIZE + 8);
    }
  }

  /**
   * Takes what has come in on a socket already, at most as much as fits one call: the event loop has other things to
   * do. Errors are left for the socket itself to find. `take` must not throw. Returns how many there were.
   */
  receive(fd: number, take: TakePacket): number {
    const { data, headers, names } = this.#incoming;
    const received = this.#calls.receiveMany(fd, headers, RECEIVED_AT_ONCE);
    for (let slot = 0; slot < received; slot++) {
      const start = slot * RECEIVED_LENGTH_MAX;
      const name = slot * NAME_SIZE;
      const length = headers.readUInt32LE(slot * HEADER_SIZE + LENGTH);
      // The kernel has written over it how long the name is.
      headers.writeUInt32LE(NAME_SIZE, slot * HEADER_SIZE + NAME_LENGTH);
      take(data.subarray(start, start + length), names.readUInt32BE(name + 4), names.readUInt16BE(name + 2));
    }
    return received;
  }

  /** Puts off sending until `run` has ended, so that its packets go together. */
  collect(run: () => void): void {
    this.#collecting = true;
    try {
      run();
    } finally {
      this.#collecting = false;
      this.flush();
    }
  }

  /** Adds a packet, whose octets must stay as they are until it is sent: by `flush`, or with the ones after it. */
  add(
    fd: number,
    address: number,
    port: number,
    head: Uint8Array,
    body: Uint8Array,
    failed: PacketFailed,
  ): void {
    if (this.#waiting === SENT_AT_ONCE || (fd !== this.#fd && this.#waiting > 0)) this.#sendWaiting();
    this.#fd = fd;
    const slot = this.#waiting++;
    const { names, vectors } = this.#outgoing;
    names.writeUInt16BE(port, slot * NAME_SIZE + 2);
    names.writeUInt32BE(address, slot * NAME_SIZE + 4);
    this.#writeVector(vectors, 2 * slot, head);
    this.#writeVector(vectors, 2 * slot + 1, body);
    this.#failed[slot] = failed;
  }

  /** Sends what was added, unless `collect` is about to. */
  flush(): void {
    if (!this.#collecting && this.#waiting > 0) this.#sendWaiting();
  }

  #writeVector(vectors: Buffer, index: number, bytes: Uint8Array): void {
    this.#parts[index] = bytes;
    // What is empty need not be anywhere.
    const address = bytes.length === 0 ? 0 : this.#addressOf(bytes.buffer) + bytes.byteOffset;
    const at = index * VECTOR_SIZE;
    // Numbers hold every address that a process can have; a BigInt would be an object for each.
    vectors.writeUInt32LE(address % HIGH, at);
    vectors.writeUInt32LE(Math.floor(address / HIGH), at + 4);
    vectors.writeUInt32LE(bytes.length, at + 8);
  }

  #addressOf(buffer: ArrayBufferLike): number {
    const known = this.#addresses.get(buffer);
    if (known !== undefined) return known;
    const address = Number(this.#calls.addressOf(new Uint8Array(buffer)));
    this.#addresses.set(buffer, address);
    return address;
  }

  #sendWaiting(): void {
    const { headers } = this.#outgoing;
    const count = this.#waiting;
    this.#waiting = 0;
    let next = 0;
    while (next < count) {
      const rest = next === 0 ? headers : headers.subarray(next * HEADER_SIZE);
      const result = this.#calls.sendMany(this.#fd, rest, count - next);
      if (result === EAGAIN) {
        // The socket is full for all of them.
        for (; next < count; next++) this.#failed[next]?.(EAGAIN);
      } else if (result < 0) {
        // The call stops at the first packet that fails, and tells why if that is the first of all.
        this.#failed[next++]?.(result);
      } else {
        next += result;
      }
    }
    this.#parts.length = 0;
  }
}

/** Memory for the packets of one system call, each of so many parts. */
function newSlots(slots: number, parts: number) {
  return {
    slots,
    parts,
    headers: Buffer.alloc(slots * HEADER_SIZE),
    vectors: Buffer.alloc(slots * parts * VECTOR_SIZE),
    names: Buffer.alloc(slots * NAME_SIZE),
  };
}
