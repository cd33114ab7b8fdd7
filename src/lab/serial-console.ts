import type { Readable } from 'node:stream';

/** Number of lines that are kept; of a machine that prints without end the oldest ones are dropped. */
const LINES_MAX = 5_000;
/** A line without an end is cut at this length: firmware draws whole screens without one. */
const LINE_LENGTH_MAX = 4_096;
/** Enough to see where a boot got stuck. */
const ENDING_LINES = 40;

/** Called with every complete line. */
export type LineListener = (line: string) => void;

/** A machine did not print what was expected. */
export class NoSuchLineError extends Error {
  override readonly name = 'NoSuchLineError';
  /** Why waiting ended. */
  readonly reason: string;

  constructor(pattern: RegExp, reason: string, ending: readonly string[]) {
    const lines = ending.map((line) => `  | ${line}`).join('\n');
    super(`no line ${pattern}: ${reason}; the console ends:\n${lines}`);
    this.reason = reason;
  }
}

/** What a machine prints on its serial port, line by line and without terminal controls. */
export class SerialConsole {
  readonly #lines: string[] = [];
  readonly #listeners = new Set<LineListener>();
  readonly #onClose = new Set<() => void>();
  readonly #rests = new Map<Readable, string>();
  readonly #closed = new Set<Readable>();

  /** The console is closed when all the streams are closed. */
  constructor(outputs: readonly Readable[]) {
    for (const output of outputs) {
      this.#rests.set(output, '');
      output.setEncoding('latin1');
      output.on('data', (text: string) => this.#take(output, text));
      output.once('close', () => {
        this.#take(output, '\n');
        this.#closed.add(output);
        if (this.#isClosed()) for (const listener of this.#onClose) listener();
      });
    }
  }

  /** The newest `count` lines. */
  tail(count = LINES_MAX): readonly string[] {
    return this.#lines.slice(-count);
  }

  /** The newest lines, and the beginning of the next one, for showing to people. */
  ending(): readonly string[] {
    const rests = [...this.#rests.values()].map(withoutControls).filter((rest) => rest !== '');
    return [...this.tail(ENDING_LINES), ...rests];
  }

  /** Calls `listener` for every line from now on; the returned function unsubscribes it. */
  onLine(listener: LineListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Resolves with the first line, of those printed already or later, that matches; with `times`, with the second, the
   * third and so on. Rejects with a NoSuchLineError when `timeoutMs` have passed or the machine was switched off.
   */
  waitForLine(pattern: RegExp, timeoutMs: number, times = 1): Promise<RegExpExecArray> {
    let missing = times;
    for (const line of this.#lines) {
      const match = pattern.exec(line);
      if (match !== null && --missing === 0) return Promise.resolve(match);
    }
    return new Promise((resolve, reject) => {
      const settle = (settled: () => void): void => {
        clearTimeout(timer);
        this.#onClose.delete(closed);
        stop();
        settled();
      };
      const fail = (reason: string): void =>
        settle(() => reject(new NoSuchLineError(pattern, reason, this.ending())));
      const closed = (): void => fail('the machine was switched off');
      const timer = setTimeout(() => fail(`timed out after ${timeoutMs / 1000} s`), timeoutMs);
      const stop = this.onLine((line) => {
        const match = pattern.exec(line);
        if (match !== null && --missing === 0) settle(() => resolve(match));
      });
      this.#onClose.add(closed);
      if (this.#isClosed()) closed();
    });
  }

  #isClosed(): boolean {
    return this.#closed.size === this.#rests.size;
  }

  #take(output: Readable, text: string): void {
    const lines = `${this.#rests.get(output) ?? ''}${text}`.split('\n');
    this.#rests.set(output, (lines.pop() ?? '').slice(-LINE_LENGTH_MAX));
    for (const line of lines) {
      const plain = withoutControls(line);
      if (plain === '') continue;
      this.#lines.push(plain);
      if (this.#lines.length > LINES_MAX) this.#lines.shift();
      for (const listener of this.#listeners) listener(plain);
    }
  }
}

/** The text without the terminal's escape sequences (ECMA-48) and other control characters. */
function withoutControls(line: string): string {
  return line
    .replace(/\x1b\[[0-9;?=]*[ -/]*[@-~]/g, '')
    .replace(/\x1b[ -/]*[0-~]/g, '')
    .replace(/[\x00-\x08\x0b-\x1f\x7f]/g, '')
    .trimEnd();
}
