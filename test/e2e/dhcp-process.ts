import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { DhcpProcessSettings } from '../../bench/parts/dhcp-process.ts';

const root = path.resolve(import.meta.dirname, '../..');

/** One line of the server's log. */
export type LogLine = Record<string, unknown>;

/** Railhead's DHCP in a process of its own inside a network namespace. */
export class DhcpProcess {
  readonly child: ChildProcess;
  readonly lines: LogLine[] = [];
  readonly #printed: string[] = [];
  readonly #waiting = new Set<() => void>();

  private constructor(namespace: string, settings: DhcpProcessSettings) {
    const program = [
      process.execPath, '--import', 'tsx', path.join(root, 'bench/parts/dhcp-process.ts'), JSON.stringify(settings),
    ]; // prettier-ignore
    this.child = spawn('ip', ['netns', 'exec', namespace, ...program], { cwd: root });
    createInterface(this.child.stderr!).on('line', (line) => {
      this.lines.push(line.startsWith('{') ? (JSON.parse(line) as LogLine) : { msg: line });
      for (const check of this.#waiting) check();
    });
    createInterface(this.child.stdout!).on('line', (line) => {
      this.#printed.push(line);
      for (const check of this.#waiting) check();
    });
    this.child.once('exit', () => {
      for (const check of this.#waiting) check();
    });
  }

  /** Starts the server, and resolves when it listens. Rejects with its output if it ends instead. */
  static async start(namespace: string, settings: DhcpProcessSettings): Promise<DhcpProcess> {
    const server = new DhcpProcess(namespace, settings);
    await server.#until(() => server.#printed.includes('ready'), 30_000, 'the server to listen');
    return server;
  }

  /** Resolves with the first log line from now or before that has these fields. */
  async line(fields: LogLine, timeoutMs = 20_000): Promise<LogLine> {
    const find = (): LogLine | undefined =>
      this.lines.find((line) => Object.entries(fields).every(([key, value]) => line[key] === value));
    await this.#until(() => find() !== undefined, timeoutMs, `a log line with ${JSON.stringify(fields)}`);
    return find()!;
  }

  /** Ends the server in good order, and returns its counters. */
  async stop(): Promise<{ counters: Record<string, Record<string, number>>; maxRssKilobytes: number }> {
    if (this.child.exitCode !== null) throw new Error(`the server has ended: ${this.#output()}`);
    this.child.kill('SIGTERM');
    await this.#until(() => this.#printed.some((line) => line.startsWith('{')), 30_000, 'the counters');
    return JSON.parse(this.#printed.find((line) => line.startsWith('{'))!) as Awaited<
      ReturnType<DhcpProcess['stop']>
    >;
  }

  /** Ends the server at once, as a crash would. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'exit');
  }

  #until(done: () => boolean, timeoutMs: number, what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (settled: () => void): void => {
        clearTimeout(timer);
        this.#waiting.delete(check);
        settled();
      };
      const check = (): void => {
        if (done()) settle(resolve);
        else if (this.child.exitCode !== null || this.child.signalCode !== null) {
          settle(() => reject(new Error(`the server ended, waiting for ${what}: ${this.#output()}`)));
        }
      };
      const timer = setTimeout(
        () => settle(() => reject(new Error(`gave up waiting for ${what}: ${this.#output()}`))),
        timeoutMs,
      );
      this.#waiting.add(check);
      check();
    });
  }

  #output(): string {
    return [...this.#printed, ...this.lines.slice(-30).map((line) => JSON.stringify(line))].join('\n');
  }
}
