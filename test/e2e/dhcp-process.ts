import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { type CountFamilies, readCounts } from '../support/read-counts.ts';

const run = promisify(execFile);
const PROGRAM = path.resolve(import.meta.dirname, '../../bin/railhead.js');
const OPERATOR = '127.0.0.1:8081';
const TOKEN = 'the-token-of-a-test-server';
const START_TIMEOUT_MS = 30_000;

/** The options for starting the server. */
export interface DhcpProcessSettings {
  /** Path of the database; the settings are written beside it. */
  readonly store: string;
  /** A PostgreSQL database that replaces the one at `store`. */
  readonly storeUrl?: string;
  /** The folder of the catalog; by default one beside the database that contains only a boot program. */
  readonly catalog?: string;
  readonly logLevel?: string;
  readonly subnets: readonly {
    readonly interface: string;
    readonly cidr: string;
    readonly first: string;
    readonly last: string;
    readonly leaseSeconds?: number;
    /** Pools besides the one from `first` to `last`, as in settings. */
    readonly pools?: readonly unknown[];
  }[];
  /** `dhcp.never_answer`. */
  readonly neverAnswer?: readonly string[];
  readonly conflictDetection?: 'off' | 'not-pxe';
}

/** One line of the server's log. */
export type LogLine = Record<string, unknown>;

/** `railhead serve` for DHCP, in its own process inside a network namespace. */
export class DhcpProcess {
  readonly child: ChildProcess;
  readonly lines: LogLine[] = [];
  readonly #namespace: string;
  readonly #waiting = new Set<() => void>();

  private constructor(namespace: string, settings: DhcpProcessSettings) {
    this.#namespace = namespace;
    // `ip` executes the server, so that the child's process id is the server's.
    const program = [process.execPath, PROGRAM, 'serve', '--config', writeSettings(settings)];
    this.child = spawn('ip', ['netns', 'exec', namespace, ...program]);
    for (const output of [this.child.stdout!, this.child.stderr!]) {
      createInterface(output).on('line', (line) => {
        this.lines.push(line.startsWith('{') ? (JSON.parse(line) as LogLine) : { msg: line });
        for (const check of this.#waiting) check();
      });
    }
    this.child.once('exit', () => {
      for (const check of this.#waiting) check();
    });
  }

  /** Starts the server, and resolves when it is ready. Rejects with its output if it ends instead. */
  static async start(namespace: string, settings: DhcpProcessSettings): Promise<DhcpProcess> {
    const server = new DhcpProcess(namespace, settings);
    // Settings may suppress the log line that it is ready; the operator plane starts last.
    for (const deadline = Date.now() + START_TIMEOUT_MS; Date.now() < deadline;) {
      if (server.#hasEnded) break;
      if ((await server.#get('/healthz')) !== undefined) return server;
      await new Promise((next) => setTimeout(next, 50));
    }
    await server.kill();
    throw new Error(`the server does not start: ${server.#output()}`);
  }

  /** Resolves with the first log line, from now on or earlier, that has these fields. */
  async line(fields: LogLine, timeoutMs = 20_000): Promise<LogLine> {
    const find = (): LogLine | undefined =>
      this.lines.find((line) => Object.entries(fields).every(([key, value]) => line[key] === value));
    await this.#until(() => find() !== undefined, timeoutMs, `a log line with ${JSON.stringify(fields)}`);
    return find()!;
  }

  /** The server's current counters. */
  async counters(): Promise<CountFamilies> {
    return readCounts(await this.#text('/metrics'));
  }

  /** A document of the operator plane. Rejects with the server's output if it does not answer with one. */
  async get<T>(request: string): Promise<T> {
    return JSON.parse(await this.#text(request)) as T;
  }

  async #text(request: string): Promise<string> {
    const text = await this.#get(request);
    if (text === undefined) throw new Error(`the server does not answer: ${this.#output()}`);
    return text;
  }

  /** Stops the server with SIGTERM, and returns its last counters. */
  async stop(): Promise<{ counters: CountFamilies }> {
    const counters = await this.counters();
    this.child.kill('SIGTERM');
    await this.#until(() => this.#hasEnded, 30_000, 'its end', true);
    if (this.child.exitCode !== 0) throw new Error(`the server ended badly: ${this.#output()}`);
    return { counters };
  }

  /** Kills the server, like a crash. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    if (!this.#hasEnded) await once(this.child, 'exit');
  }

  get #hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** A document of the operator plane; undefined if it is not available now. */
  async #get(request: string): Promise<string | undefined> {
    const words = ['-sf', '-H', `Authorization: Bearer ${TOKEN}`, `http://${OPERATOR}${request}`];
    return run('ip', ['netns', 'exec', this.#namespace, 'curl', ...words]).then(
      ({ stdout }) => stdout,
      () => undefined,
    );
  }

  #until(done: () => boolean, timeoutMs: number, what: string, mayEnd = false): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (settled: () => void): void => {
        clearTimeout(timer);
        this.#waiting.delete(check);
        settled();
      };
      const check = (): void => {
        if (done()) settle(resolve);
        else if (this.#hasEnded && !mayEnd) {
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
    return this.lines
      .slice(-30)
      .map((line) => JSON.stringify(line))
      .join('\n');
  }
}

/** Writes railhead.yaml, a token and a boot program beside the database; returns the path of the settings. */
function writeSettings(process: DhcpProcessSettings): string {
  const { catalog = 'catalog', store, storeUrl, logLevel, subnets, conflictDetection } = process;
  const folder = path.dirname(store);
  mkdirSync(path.join(folder, 'catalog/assets/boot'), { recursive: true });
  writeFileSync(path.join(folder, 'catalog/assets/boot/snponly.efi'), 'MZ, and no more of a program');
  writeFileSync(path.join(folder, 'token'), TOKEN, { mode: 0o600 });
  const settings = {
    catalog: { dir: catalog },
    store: storeUrl === undefined ? { file: store } : { url: storeUrl },
    operator: { listen: OPERATOR, token_file: 'token' },
    log: { level: logLevel ?? 'warn' },
    dhcp: {
      interfaces: subnets.map((one) => one.interface),
      conflict_detection: conflictDetection ?? 'not-pxe',
      never_answer: process.neverAnswer ?? [],
      packets_per_second: 1_000_000_000,
    },
    networks: subnets.map((one) => ({
      id: one.interface,
      cidr: one.cidr,
      mode: 'full',
      pools: [`${one.first}-${one.last}`, ...(one.pools ?? [])],
      lease_seconds: one.leaseSeconds ?? 3600,
      boot_lease_seconds: Math.min(one.leaseSeconds ?? 600, 600),
    })),
  };
  const file = path.join(folder, 'railhead.yaml');
  writeFileSync(file, JSON.stringify(settings));
  return file;
}
