import type { TftpStream } from '../content/tftp-content.ts';

/** Minimum size of a read in bytes: fewer and larger reads for clients that request one small block at a time. */
const READ_AHEAD_BYTES = 64 * 1024;

/** The place of a block's bytes: in `bytes` from `start` up to `end`. */
export interface BlockPlace {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** The blocks of one file as one transfer sends them. Blocks count from 1. */
export interface TransferBlocks {
  readonly size: number;
  /** Loads blocks; undefined if they are already loaded. Rejects if the file cannot be read, or has become shorter. */
  load(first: number, count: number): Promise<void> | undefined;
  /** A block that is loaded. The bytes do not change until they are sent. */
  locate(block: number): BlockPlace;
  close(): Promise<void>;
}

/** Number of DATA packets of a file: one more than full blocks, since a short or empty block marks the end. */
export function countBlocks(size: number, blksize: number): number {
  return Math.floor(size / blksize) + 1;
}

/** Blocks of a file in memory, sent without a copy. */
export class MemoryBlocks implements TransferBlocks {
  readonly size: number;
  readonly #bytes: Uint8Array;
  readonly #blksize: number;
  readonly #release: (() => void) | undefined;

  constructor(bytes: Uint8Array, blksize: number, release?: () => void) {
    this.size = bytes.length;
    this.#bytes = bytes;
    this.#blksize = blksize;
    this.#release = release;
  }

  load(): undefined {
    return undefined;
  }

  locate(block: number): BlockPlace {
    const start = (block - 1) * this.#blksize;
    return { bytes: this.#bytes, start, end: Math.min(start + this.#blksize, this.size) };
  }

  close(): Promise<void> {
    this.#release?.();
    return Promise.resolve();
  }
}

interface Chunk {
  readonly first: number;
  readonly count: number;
  readonly bytes: Uint8Array;
}

/**
 * Blocks of a file that is read while it is sent: one chunk is loaded, and the next one is being read. Every chunk has
 * its own memory, because the socket may still refer to what it could not send yet.
 */
export class StreamedBlocks implements TransferBlocks {
  readonly size: number;
  readonly #stream: TftpStream;
  readonly #blksize: number;
  readonly #blocks: number;
  readonly #chunkBlocks: number;
  #current: Chunk | undefined;
  #next: { readonly first: number; readonly chunk: Promise<Chunk> } | undefined;

  constructor(stream: TftpStream, blksize: number, windowsize: number) {
    this.size = stream.size;
    this.#stream = stream;
    this.#blksize = blksize;
    this.#blocks = countBlocks(stream.size, blksize);
    this.#chunkBlocks = windowsize * Math.max(1, Math.floor(READ_AHEAD_BYTES / (windowsize * blksize)));
  }

  load(first: number, count: number): Promise<void> | undefined {
    if (covers(this.#current, first, count)) return undefined;
    return this.#advance(first, count);
  }

  locate(block: number): BlockPlace {
    const chunk = this.#current;
    if (chunk === undefined || !covers(chunk, block, 1)) throw new Error(`block ${block} is not loaded`);
    const start = (block - chunk.first) * this.#blksize;
    return { bytes: chunk.bytes, start, end: Math.min(start + this.#blksize, chunk.bytes.length) };
  }

  async close(): Promise<void> {
    // A file must not be closed during a read, since its descriptor could be reused for another file.
    await this.#next?.chunk.catch(() => undefined);
    this.#current = undefined;
    await this.#stream.close();
  }

  async #advance(first: number, count: number): Promise<void> {
    const ahead = this.#next?.first === first ? this.#next.chunk : this.#read(first);
    const chunk = await ahead;
    this.#current = covers(chunk, first, count) ? chunk : await this.#read(first);
    const next = first + chunk.count;
    if (next > this.#blocks) {
      this.#next = undefined;
      return;
    }
    const reading = this.#read(next);
    // A failure is reported when the chunk is needed.
    reading.catch(() => undefined);
    this.#next = { first: next, chunk: reading };
  }

  async #read(first: number): Promise<Chunk> {
    const count = Math.min(this.#chunkBlocks, this.#blocks - first + 1);
    const position = (first - 1) * this.#blksize;
    const bytes = Buffer.allocUnsafeSlow(Math.min(count * this.#blksize, this.size - position));
    if (bytes.length > 0 && (await this.#stream.read(bytes, position)) < bytes.length) {
      throw new Error('the file was truncated during the transfer');
    }
    return { first, count, bytes };
  }
}

function covers(chunk: Chunk | undefined, first: number, count: number): boolean {
  return chunk !== undefined && first >= chunk.first && first + count <= chunk.first + chunk.count;
}
