import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { isatty } from 'node:tty';

/** What is held back at most until the turn of the event loop ends. */
const TURN_BYTES_MAX = 8 * 1024;
/** What is kept for a reader that does not keep up: some 4,000 lines. */
const WAITING_BYTES_MAX = 1024 * 1024;
/** How soon a full pipe is tried again. */
const RETRY_MS = 20;
/** How soon it is said that lines are lost; one line for all of them. */
const TELL_LOSS_MS = 1_000;
/** How long the end of the process waits for a slow reader. */
const LAST_LINES_MS = 500;
const NEW_LINE = 0x0a;

/**
 * Where the log goes: standard output, or a file. Writing never holds the program up and never ends it. A pipe that
 * is full is tried again later; lines that find no room until then, or that a full disk or a closed pipe refuses, are
 * dropped and counted, and a line says how many they were as soon as one can be written again.
 *
 * The lines of one turn of the event loop are written with one call: in a boot storm a call for each of them costs as
 * much as the packets they tell of. Nothing is held back longer, so that a crash takes no line of an earlier turn.
 */
export class LineOutput {
  readonly #file: string | undefined;
  #descriptor: number;
  #lines: string[] = [];
  #lineBytes = 0;
  /** What a full pipe has not taken yet. */
  #waiting: Buffer = Buffer.alloc(0);
  #flush: NodeJS.Immediate | undefined;
  #retry: NodeJS.Timeout | undefined;
  #tell: NodeJS.Timeout | undefined;
  #lost = 0;
  /** Whether the last thing written is a part of a line. */
  #torn = false;
  #onLoss: (lines: number) => void = () => undefined;

  private constructor(descriptor: number, file?: string) {
    this.#descriptor = descriptor;
    this.#file = file;
  }

  /** Writes to a descriptor that is open already; 1 is standard output. */
  static toDescriptor(descriptor: number): LineOutput {
    return new LineOutput(withoutBlocking(descriptor));
  }

  /** Appends to a file, which is made if it is not there. Throws the error of the system. */
  static toFile(file: string): LineOutput {
    return new LineOutput(openToAppend(file), file);
  }

  /** Whom to tell of lines that are dropped, each time how many. */
  onLoss(tell: (lines: number) => void): void {
    this.#onLoss = tell;
  }

  /** Takes a line, with the newline at its end. */
  write(line: string): void {
    if (this.#waiting.length > 0 && this.#waiting.length + this.#lineBytes > WAITING_BYTES_MAX) {
      this.#lose(1);
      return;
    }
    this.#lines.push(line);
    // The length in UTF-16 units is near enough for a bound.
    this.#lineBytes += line.length;
    if (this.#waiting.length > 0) return;
    if (this.#lineBytes >= TURN_BYTES_MAX) this.flush();
    else this.#flush ??= setImmediate(() => this.flush());
  }

  /** Writes at once what can be written. */
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

  /** Opens the file anew, after it was renamed. The old one goes on to be used if that fails. Throws the system's error. */
  reopen(): void {
    if (this.#file === undefined) return;
    const descriptor = openToAppend(this.#file);
    this.flush();
    closeSync(this.#descriptor);
    this.#descriptor = descriptor;
    this.#torn = false;
  }

  /** Writes the last lines as the process ends; a reader that is slow gets half a second. */
  end(): void {
    const sleep = new Int32Array(new SharedArrayBuffer(4));
    for (let waitedMs = 0; waitedMs <= LAST_LINES_MS; waitedMs += RETRY_MS) {
      this.flush();
      if (this.#waiting.length === 0) break;
      Atomics.wait(sleep, 0, 0, RETRY_MS);
    }
    if (this.#lost > 0) this.#tellLoss();
  }

  /** Writes as much as there is room for. `blocked`: the rest may find some later. */
  #put(bytes: Buffer): { rest: Buffer; blocked: boolean } {
    let sent = 0;
    try {
      // A line that was cut off by an error must not run into the next one.
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
 * A descriptor for the same thing that answers EAGAIN where it would wait. A file never waits for a reader; of pipes
 * and sockets Node changes the description that is shared, as it does for its own standard output; a terminal, which
 * Ctrl-S stops, is opened once more, since the shell goes on to use the same description.
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
    // What cannot be changed is written to as it is.
  }
  return descriptor;
}

function openToAppend(file: string): number {
  return openSync(file, 'a', 0o640);
}

/** The line that stands for those that are lost, in the form of the others. */
function lossLine(lines: number): string {
  const msg = 'log lines could not be written and are lost';
  return `${JSON.stringify({ level: 'warn', time: new Date().toISOString(), lines, msg })}\n`;
}

function countLines(bytes: Buffer): number {
  let lines = 0;
  for (const byte of bytes) if (byte === NEW_LINE) lines++;
  return lines;
}
