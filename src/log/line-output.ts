import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { isatty } from 'node:tty';

/** Maximum amount that is held back until the turn of the event loop ends. */
const TURN_BYTES_MAX = 8 * 1024;
/** Maximum amount that is kept for a slow reader: some 4,000 lines. */
const WAITING_BYTES_MAX = 1024 * 1024;
/** When to try a full pipe again. */
const RETRY_MS = 20;
/** When to report that lines were lost; one line for all of them. */
const TELL_LOSS_MS = 1_000;
/** How long the process waits for a slow reader when it ends. */
const LAST_LINES_MS = 500;
const NEW_LINE = 0x0a;

/**
 * The destination of the log: standard output, or a file. Writing never blocks and never ends the program. A full pipe
 * is tried again later. Lines for which there is no space until then, or that a full disk or a closed pipe refuses, are
 * dropped and counted, and a line reports their number as soon as writing works again.
 *
 * The lines of one turn of the event loop are written with one call: in a boot storm a call for each of them would take
 * as long as the packets that they are about. Lines are not held back longer than that, so that a crash loses no line
 * of an earlier turn.
 */
export class LineOutput {
  readonly #file: string | undefined;
  #descriptor: number;
  #lines: string[] = [];
  #lineBytes = 0;
  /** The part that a full pipe has not accepted yet. */
  #waiting: Buffer = Buffer.alloc(0);
  #flush: NodeJS.Immediate | undefined;
  #retry: NodeJS.Timeout | undefined;
  #tell: NodeJS.Timeout | undefined;
  #lost = 0;
  /** Whether the last write ended within a line. */
  #torn = false;
  #onLoss: (lines: number) => void = () => undefined;

  private constructor(descriptor: number, file?: string) {
    this.#descriptor = descriptor;
    this.#file = file;
  }

  /** Writes to a descriptor that is already open; 1 is standard output. */
  static toDescriptor(descriptor: number): LineOutput {
    return new LineOutput(withoutBlocking(descriptor));
  }

  /** Appends to a file, which is created if it does not exist. Throws the error of the system. */
  static toFile(file: string): LineOutput {
    return new LineOutput(openToAppend(file), file);
  }

  /** Called with the number of lines that were dropped. */
  onLoss(tell: (lines: number) => void): void {
    this.#onLoss = tell;
  }

  /** Accepts a line, with the newline at its end. */
  write(line: string): void {
    if (this.#waiting.length > 0 && this.#waiting.length + this.#lineBytes > WAITING_BYTES_MAX) {
      this.#lose(1);
      return;
    }
    this.#lines.push(line);
    // The length in UTF-16 units is accurate enough for a limit.
    this.#lineBytes += line.length;
    if (this.#waiting.length > 0) return;
    if (this.#lineBytes >= TURN_BYTES_MAX) this.flush();
    else this.#flush ??= setImmediate(() => this.flush());
  }

  /** Writes now as much as possible. */
  flush(): void {
    if (this.#flush !== undefined) clearImmediate(this.#flush);
    this.#flush = undefined;
    clearTimeout(this.#retry);
    if (this.#lines.length === 0 && this.#waiting.length === 0) return;
    const bytes = Buffer.concat([this.#waiting, Buffer.from(this.#lines.join(''))]);
    this.#lines = [];
    this.#lineBytes = 0;
    this.#waiting = Buffer.alloc(0);
    const { rest, blocked } = this.#put(bytes);
    if (rest.length === 0) return;
    if (blocked) {
      this.#waiting = rest;
      this.#retry = setTimeout(() => this.flush(), RETRY_MS).unref();
    } else this.#lose(countLines(rest));
  }

  /** Reopens the file, after it was renamed. If that fails, the old file stays in use. Throws the system's error. */
  reopen(): void {
    if (this.#file === undefined) return;
    const descriptor = openToAppend(this.#file);
    this.flush();
    closeSync(this.#descriptor);
    this.#descriptor = descriptor;
    this.#torn = false;
  }

  /** Writes the last lines when the process ends; a slow reader gets half a second. */
  end(): void {
    const sleep = new Int32Array(new SharedArrayBuffer(4));
    for (let waitedMs = 0; waitedMs <= LAST_LINES_MS; waitedMs += RETRY_MS) {
      this.flush();
      if (this.#waiting.length === 0) break;
      Atomics.wait(sleep, 0, 0, RETRY_MS);
    }
    if (this.#lost > 0) this.#tellLoss();
  }

  /** Writes as much as there is space for. `blocked`: there may be space for the rest later. */
  #put(bytes: Buffer): { rest: Buffer; blocked: boolean } {
    let sent = 0;
    try {
      // A line that was cut off by an error must not be joined with the next one.
      if (this.#torn && writeSync(this.#descriptor, '\n') === 1) this.#torn = false;
      while (sent < bytes.length) sent += writeSync(this.#descriptor, bytes, sent);
      return { rest: Buffer.alloc(0), blocked: false };
    } catch (error) {
      const blocked = (error as NodeJS.ErrnoException).code === 'EAGAIN';
      if (!blocked && sent > 0) this.#torn = bytes[sent - 1] !== NEW_LINE;
      return { rest: bytes.subarray(sent), blocked };
    }
  }

  #lose(lines: number): void {
    this.#lost += lines;
    this.#onLoss(lines);
    this.#tell ??= setTimeout(() => this.#tellLoss(), TELL_LOSS_MS).unref();
  }

  #tellLoss(): void {
    clearTimeout(this.#tell);
    this.#tell = undefined;
    const line = Buffer.from(lossLine(this.#lost));
    if (this.#waiting.length === 0) {
      const { rest, blocked } = this.#put(line);
      if (rest.length === 0 || (blocked && rest.length < line.length)) {
        this.#waiting = rest;
        this.#lost = 0;
        if (rest.length > 0) this.flush();
        return;
      }
    }
    this.#tell = setTimeout(() => this.#tellLoss(), TELL_LOSS_MS).unref();
  }
}

/**
 * A descriptor for the same destination that returns EAGAIN instead of blocking. A file never blocks for a reader. For
 * pipes and sockets Node changes the shared description, as it does for its own standard output. A terminal, which
 * Ctrl-S stops, is opened again, since the shell continues to use the same description.
 */
function withoutBlocking(descriptor: number): number {
  try {
    if (isatty(descriptor)) {
      const flags = constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
      return openSync(`/proc/self/fd/${descriptor}`, flags);
    }
    const stats = fstatSync(descriptor);
    if (stats.isFIFO() || stats.isSocket()) {
      new Socket({ fd: descriptor, readable: false, writable: true }).on('error', () => undefined);
    }
  } catch {
    // A destination that cannot be changed is written to as it is.
  }
  return descriptor;
}

function openToAppend(file: string): number {
  return openSync(file, 'a', 0o640);
}

/** The line that reports the lost lines, in the form of the others. */
function lossLine(lines: number): string {
  const msg = 'log lines could not be written and are lost';
  return `${JSON.stringify({ level: 'warn', time: new Date().toISOString(), lines, msg })}\n`;
}

function countLines(bytes: Buffer): number {
  let lines = 0;
  for (const byte of bytes) if (byte === NEW_LINE) lines++;
  return lines;
}
