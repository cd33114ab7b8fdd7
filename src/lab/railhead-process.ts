import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { BootEventView } from '../api/schemas/history.ts';
import type { NetworkLab } from './network-lab.ts';

/** The options for starting Railhead. */
export interface RailheadProcessOptions {
  readonly namespace: string;
  /** Contains the catalog; settings and database are written beside it. */
  readonly folder: string;
  /** Settings as in railhead.yaml; catalog, store and operator plane are set here. */
  readonly settings: Readonly<Record<string, unknown>>;
}

const PROGRAM = path.resolve(import.meta.dirname, '../../bin/railhead.js');
const OPERATOR = '127.0.0.1:8081';
const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 15_000;
const POLL_MS = 250;

/** `railhead serve` in its own process inside a namespace. */
export class RailheadProcess {
  readonly #network: NetworkLab;
  readonly #namespace: string;
  readonly #tokenFile: string;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #log: string[] = [];
  readonly #ended: Promise<void>;
  #hasEnded = false;

  private constructor(
    network: NetworkLab,
    namespace: string,
    child: ChildProcessWithoutNullStreams,
    tokenFile: string,
  ) {
    this.#network = network;
    this.#tokenFile = tokenFile;
    this.#namespace = namespace;
    this.#child = child;
    for (const output of [child.stdout, child.stderr]) {
      createInterface(output).on('line', (line) => this.#log.push(line));
    }
    this.#ended = new Promise((resolve) =>
      child.once('close', () => {
        this.#hasEnded = true;
        resolve();
      }),
    );
  }

  /** Starts the server, and resolves when it is ready. Rejects with its log if it ends instead. */
  static async start(network: NetworkLab, options: RailheadProcessOptions): Promise<RailheadProcess> {
    const { folder, namespace, settings } = options;
    await mkdir(folder, { recursive: true });
    const file = path.join(folder, 'railhead.yaml');
    // Created at the first start, beside the database.
    const tokenFile = path.join(folder, 'operator.token');
    const all = {
      ...settings,
      catalog: { dir: folder },
      store: { file: path.join(folder, 'railhead.db') },
      operator: { listen: OPERATOR },
    };
    await writeFile(file, `${JSON.stringify(all, null, 2)}\n`);
    const child = network.start(namespace, process.execPath, [PROGRAM, 'serve', '--config', file]);
    const railhead = new RailheadProcess(network, namespace, child, tokenFile);
    await railhead.#ready();
    return railhead;
  }

  /** All lines that the server has logged. */
  get log(): readonly string[] {
    return this.#log;
  }

  /** Requests a path of the operator plane: `get('/api/v1/machines')`. Rejects unless the answer is 200. */
  async get<T>(request: string): Promise<T> {
    return JSON.parse(await this.getText(request)) as T;
  }

  /** The same for an answer that is no JSON, as that of `/metrics`. */
  async getText(request: string): Promise<string> {
    const url = `http://${OPERATOR}${request}`;
    const token = (await readFile(this.#tokenFile, 'utf8')).trim();
    const words = ['-sS', '-f', '-H', `Authorization: Bearer ${token}`, url];
    const { code, text, stdout } = await this.#network.run(this.#namespace, 'curl', words);
    if (code !== 0) throw new Error(`GET ${url}: ${text.trim()}`);
    return stdout;
  }

  /** The events with higher ids than `afterId`, oldest first. */
  async eventsAfter(afterId: number): Promise<readonly BootEventView[]> {
    const { items } = await this.get<{ items: BootEventView[] }>(
      `/api/v1/events?after=${afterId}&limit=1000`,
    );
    return items;
  }

  /**
   * Resolves with the first event for which `wanted` returns true, of those recorded before or later. Rejects with the
   * events that happened instead when `timeoutMs` have passed.
   */
  async waitForEvent(
    what: string,
    wanted: (event: BootEventView) => boolean,
    timeoutMs: number,
  ): Promise<BootEventView> {
    const seen: BootEventView[] = [];
    for (const deadline = Date.now() + timeoutMs; Date.now() < deadline;) {
      const fresh = await this.eventsAfter(seen.at(-1)?.id ?? 0);
      const found = fresh.find(wanted);
      if (found !== undefined) return found;
      seen.push(...fresh);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    const happened = seen.map(({ kind, mac, summary }) => `  ${mac ?? '-'} ${kind}: ${summary}`).join('\n');
    throw new Error(`no event ${what} within ${timeoutMs / 1000} s, but:\n${happened}`);
  }

  /** Makes the server read its files again (SIGHUP). */
  reload(): void {
    this.#child.kill('SIGHUP');
  }

  /** Stops the server with SIGTERM; if it does not end within 15 s it is killed. */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await this.#ended;
    clearTimeout(timer);
  }

  async #ready(): Promise<void> {
    for (const deadline = Date.now() + START_TIMEOUT_MS; Date.now() < deadline;) {
      if (this.#log.some((line) => line.includes('railhead is ready'))) return;
      if (this.#hasEnded) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await this.stop();
    throw new Error(`railhead did not start:\n${this.#log.join('\n')}`);
  }
}
