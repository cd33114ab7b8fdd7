import { DataSlots, MessageSlots } from './message-slots.ts';
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

/** Maximum number of packets that one system call receives or sends. */
const AT_ONCE = 64;
/** Clients send only short packets in a transfer: four bytes, or the text of an error. Longer ones are truncated. */
const RECEIVED_LENGTH_MAX = 1024;
const HIGH = 2 ** 32;

/** Size in bytes of the head, which is sent from separate memory. */
const HEAD_LENGTH = 4;
/** The size of an ACK, which is nearly every received packet. */
const COMMON_LENGTH = 4;
const WORD_SIZE = 4;

/** Receives a packet. `bytes` are valid only until it returns; `address` is a number, as in ipv4-address.ts. */
export type TakePacket = (bytes: Uint8Array, address: number, port: number) => void;

/** The destination of packets. */
export interface PacketDestination {
  /** The socket that sends them. */
  readonly fd: number;
  /** A number, as in ipv4-address.ts. */
  readonly address: number;
  readonly port: number;
  /** Is called if a packet was not sent; `errno` is negative. It must not send. */
  readonly failed: (errno: number, packet: UnsentPacket) => void;
}

/** A packet that was not sent. */
export interface UnsentPacket {
  /** Its first four bytes, as a number in network order. */
  readonly head: number;
  readonly body: Uint8Array;
}

/**
 * Packets in batches, for servers that send files: like DatagramBatches for messages, but without copying what is sent
 * and without an object for each received packet. Memory is written through typed arrays, which are compiled to single
 * stores; the methods of Buffer are not.
 */
export class PacketBatches {
  readonly #calls: SocketCalls;
  readonly #incoming: IncomingSlots;
  readonly #outgoing: OutgoingSlots;
  /**
   * By slot. Memory to which only a system call refers could be garbage collected, and memory that was sent must not be
   * kept.
   */
  readonly #bodies = new Array<Uint8Array | undefined>(AT_ONCE);
  readonly #destinations = new Array<PacketDestination | undefined>(AT_ONCE);
  readonly #addresses = new WeakMap<Uint8Array, number>();
  #waiting = 0;
  #collecting = false;

  /** Undefined on machines with another layout of these structures. */
  static create(calls: SocketCalls): PacketBatches | undefined {
    return hasKnownLayout() ? new PacketBatches(calls) : undefined;
  }

  private constructor(calls: SocketCalls) {
    this.#calls = calls;
    this.#incoming = new IncomingSlots(calls);
    this.#outgoing = new OutgoingSlots(calls);
  }

  /**
   * Receives the packets that have arrived on a socket already, at most as many as fit one call: the event loop has
   * other work too. Errors are left for the socket itself to report. `take` must not throw. Returns the number of
   * packets.
   */
  receive(fd: number, take: TakePacket): number {
    const incoming = this.#incoming;
    const received = this.#calls.receiveMany(fd, incoming.headers, AT_ONCE);
    for (let slot = 0; slot < received; slot++) {
      take(incoming.take(slot), incoming.addressOf(slot), incoming.portOf(slot));
    }
    return received;
  }

  /** Postpones sending until `run` has ended, so that its packets are sent together. */
  collect(run: () => void): void {
    this.#collecting = true;
    try {
      run();
    } finally {
      this.#collecting = false;
      this.flush();
    }
  }

  /**
   * Adds a packet: the four bytes of `head`, a number in network order, and those of `body` from `start` up to `end`,
   * which must not change until it is sent: by `flush`, or with later packets. A full batch is sent at once and not
   * when the next packet is added, so that the next one can still wait if there was no space.
   */
  add(to: PacketDestination, head: number, body: Uint8Array, start: number, end: number): void {
    if (this.#waiting > 0 && to.fd !== this.#destinations[0]?.fd) this.#sendWaiting();
    const slot = this.#waiting++;
    this.#destinations[slot] = to;
    this.#bodies[slot] = body;
    this.#outgoing.fill(slot, to, head, this.#addressOf(body) + start, end - start);
    if (this.#waiting === AT_ONCE) this.#sendWaiting();
  }

  /** Sends what was added, unless `collect` is about to do so. */
  flush(): void {
    if (!this.#collecting && this.#waiting > 0) this.#sendWaiting();
  }

  #addressOf(bytes: Uint8Array): number {
    const known = this.#addresses.get(bytes);
    if (known !== undefined) return known;
    // An empty array needs no address. V8 keeps short arrays in memory that it may move, until their buffer is
    // accessed. A number can hold every address of a process; a BigInt would be one object each.
    const address =
      bytes.length === 0 ? 0 : Number(this.#calls.addressOf(new Uint8Array(bytes.buffer))) + bytes.byteOffset;
    this.#addresses.set(bytes, address);
    return address;
  }

  #sendWaiting(): void {
    const { headers } = this.#outgoing;
    const fd = this.#destinations[0]?.fd ?? -1;
    const count = this.#waiting;
    this.#waiting = 0;
    let next = 0;
    while (next < count) {
      const rest = next === 0 ? headers : headers.subarray(next * HEADER_SIZE);
      const result = this.#calls.sendMany(fd, rest, count - next);
      if (NO_ROOM.has(result)) {
        for (; next < count; next++) this.#fail(next, result);
      } else if (result < 0) {
        // The call stops at the first packet that fails, and reports the error only if that is the first of all.
        this.#fail(next++, result);
      } else {
        next += result;
      }
    }
    this.#bodies.fill(undefined, 0, count);
    this.#destinations.fill(undefined, 0, count);
  }

  #fail(slot: number, errno: number): void {
    const body = this.#bodies[slot];
    if (body !== undefined) {
      this.#destinations[slot]?.failed(errno, this.#outgoing.read(slot, body, this.#addressOf(body)));
    }
  }
}

/** The memory into which packets are received. */
class IncomingSlots extends DataSlots {
  readonly #headerWords = wordsOf(this.headers);
  readonly #namesView = viewOf(this.names);
  /** Created once: a view is an object of some size, and one for each ACK would soon have to be garbage collected. */
  readonly #common = Array.from({ length: AT_ONCE }, (_, slot) => this.#bytesOf(slot, COMMON_LENGTH));

  constructor(calls: SocketCalls) {
    super(calls, AT_ONCE, RECEIVED_LENGTH_MAX);
  }

  /** Returns the bytes of a packet, and prepares its slot for another. */
  take(slot: number): Uint8Array {
    const header = (slot * HEADER_SIZE) / WORD_SIZE;
    // The kernel has overwritten the length of the name.
    this.#headerWords[header + NAME_LENGTH / WORD_SIZE] = NAME_SIZE;
    const length = this.#headerWords[header + LENGTH / WORD_SIZE] ?? 0;
    return (length === COMMON_LENGTH ? this.#common[slot] : undefined) ?? this.#bytesOf(slot, length);
  }

  addressOf(slot: number): number {
    return this.#namesView.getUint32(slot * NAME_SIZE + NAME_ADDRESS);
  }

  portOf(slot: number): number {
    return this.#namesView.getUint16(slot * NAME_SIZE + NAME_PORT);
  }

  #bytesOf(slot: number, length: number): Uint8Array {
    return this.data.subarray(slot * RECEIVED_LENGTH_MAX, slot * RECEIVED_LENGTH_MAX + length);
  }
}

/** The memory from which packets are sent: each has a head, which is here, and a body, which can be anywhere. */
class OutgoingSlots extends MessageSlots {
  readonly #heads = Buffer.alloc(AT_ONCE * HEAD_LENGTH);
  readonly #vectorWords = wordsOf(this.vectors);
  readonly #namesView = viewOf(this.names);
  readonly #headsView = viewOf(this.#heads);

  constructor(calls: SocketCalls) {
    super(calls, AT_ONCE, 2);
    const headsAt = calls.addressOf(this.#heads);
    for (let slot = 0; slot < AT_ONCE; slot++) {
      this.point(2 * slot, headsAt + BigInt(slot * HEAD_LENGTH), HEAD_LENGTH);
    }
  }

  fill(slot: number, to: PacketDestination, head: number, bodyAt: number, bodyLength: number): void {
    this.#namesView.setUint16(slot * NAME_SIZE + NAME_PORT, to.port);
    this.#namesView.setUint32(slot * NAME_SIZE + NAME_ADDRESS, to.address);
    this.#headsView.setUint32(slot * HEAD_LENGTH, head);
    const body = ((2 * slot + 1) * VECTOR_SIZE) / WORD_SIZE;
    // A store keeps the lower 32 bits of a number.
    this.#vectorWords[body] = bodyAt;
    this.#vectorWords[body + 1] = Math.floor(bodyAt / HIGH);
    this.#vectorWords[body + 2] = bodyLength;
  }

  /** What a slot was filled with: its body is part of `bytes`, which are at `address`. */
  read(slot: number, bytes: Uint8Array, address: number): UnsentPacket {
    const body = ((2 * slot + 1) * VECTOR_SIZE) / WORD_SIZE;
    const [low = 0, high = 0, length = 0] = this.#vectorWords.subarray(body);
    const start = high * HIGH + low - address;
    return {
      head: this.#headsView.getUint32(slot * HEAD_LENGTH),
      body: bytes.subarray(start, start + length),
    };
  }
}

function wordsOf({ buffer, byteLength, byteOffset }: Buffer): Uint32Array {
  return new Uint32Array(buffer, byteOffset, byteLength / WORD_SIZE);
}

function viewOf({ buffer, byteLength, byteOffset }: Buffer): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
