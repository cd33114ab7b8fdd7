import {
  AF_INET,
  HEADER_SIZE,
  NAME,
  NAME_LENGTH,
  NAME_SIZE,
  VECTOR,
  VECTOR_COUNT,
  VECTOR_SIZE,
} from './mmsghdr.ts';
import type { SocketCalls } from './socket-calls.ts';

/**
 * Memory for the messages of one recvmmsg(2) or sendmmsg(2), laid out once: headers, and the names and vectors that
 * they point to. Each message has a name, which is an IPv4 address and port, and a fixed number of vectors.
 */
export class MessageSlots {
  readonly headers: Buffer;
  readonly names: Buffer;
  readonly vectors: Buffer;

  constructor(calls: SocketCalls, count: number, vectorsEach: number) {
    this.headers = Buffer.alloc(count * HEADER_SIZE);
    this.names = Buffer.alloc(count * NAME_SIZE);
    this.vectors = Buffer.alloc(count * vectorsEach * VECTOR_SIZE);
    const namesAt = calls.addressOf(this.names);
    const vectorsAt = calls.addressOf(this.vectors);
    for (let slot = 0; slot < count; slot++) {
      const header = slot * HEADER_SIZE;
      this.headers.writeBigUInt64LE(namesAt + BigInt(slot * NAME_SIZE), header + NAME);
      this.headers.writeUInt32LE(NAME_SIZE, header + NAME_LENGTH);
      this.headers.writeBigUInt64LE(vectorsAt + BigInt(slot * vectorsEach * VECTOR_SIZE), header + VECTOR);
      this.headers.writeBigUInt64LE(BigInt(vectorsEach), header + VECTOR_COUNT);
      this.names.writeUInt16LE(AF_INET, slot * NAME_SIZE);
    }
  }

  /** Points the vector with this number, counted over all messages, to `length` bytes of memory at `address`. */
  protected point(vector: number, address: bigint, length: number): void {
    this.vectors.writeBigUInt64LE(address, vector * VECTOR_SIZE);
    this.vectors.writeBigUInt64LE(BigInt(length), vector * VECTOR_SIZE + 8);
  }
}

/** The same with memory for the contents of the messages: `size` bytes each, from `size` times the slot on. */
export class DataSlots extends MessageSlots {
  readonly data: Buffer;

  constructor(calls: SocketCalls, count: number, size: number) {
    super(calls, count, 1);
    this.data = Buffer.alloc(count * size);
    const dataAt = calls.addressOf(this.data);
    for (let slot = 0; slot < count; slot++) this.point(slot, dataAt + BigInt(slot * size), size);
  }
}
