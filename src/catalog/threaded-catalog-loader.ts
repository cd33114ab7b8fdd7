import { setImmediate as nextTurn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { Problem } from '../documents/problem.ts';
import type { Machine } from '../provision/machines/machine.ts';
import type { Group } from '../provision/selection/group.ts';
import { threadScript } from '../threads/thread-script.ts';
import type { StandIn } from './catalog-loader.ts';
import { GenerationBuilder } from './generation-builder.ts';
import type { Generation } from './generation.ts';
import {
  type CatalogPlace,
  fromPlainGroup,
  type LoadAnswer,
  type LoadHead,
  type LoadRequest,
  type LoadThreadData,
  type Sent,
} from './load-messages.ts';
import { type CatalogTree } from './sources/catalog-tree.ts';
import { unpackTree } from './sources/packed-tree.ts';

/** A catalog that was loaded, or why there is none. */
export type CatalogLoad =
  | { readonly kind: 'nothing'; readonly problems: readonly Problem[] }
  | {
      readonly kind: 'loaded';
      readonly generation: Generation;
      readonly machines: readonly Machine[];
      /** Whether the files are the current ones or the stored ones. */
      readonly from: 'files' | 'kept';
      readonly standIns: readonly StandIn[];
      readonly problems: readonly Problem[];
      readonly warnings: readonly Problem[];
      /** Renders everything as a trial; the generation may already serve meanwhile. */
      readonly tryOut: () => Promise<CatalogTrial>;
    };

/** The result of the trial rendering. */
export interface CatalogTrial {
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
  /** Number of groups and machines that were not rendered, and of assets that were not looked at, for lack of time. */
  readonly untried: number;
  /** What to store for the next restart, if it changed. */
  readonly keep?: Uint8Array;
}

/** Returns the stored copy of the last good catalog. */
export type LoadKept = () => Promise<Uint8Array | undefined>;

/** Loads the catalog of a source repeatedly. */
export interface CatalogLoads {
  /** `loadKept` returns the stored catalog, if it has to be read again. */
  load(now: Date, loadKept: LoadKept): Promise<CatalogLoad>;
  /** Another load waits: a trial rendering may end early. */
  hurry(): void;
  close(): Promise<void>;
}

/** What a loader depends on. */
export interface ThreadedLoaderParts {
  readonly place: CatalogPlace;
  /** Replaces the default of two minutes in tests. */
  readonly timeoutMs?: number;
  /** Replaces the script of the thread in tests. */
  readonly script?: URL;
}

/** Time limit for reading and compiling, and another for the trial; a disk that hangs must not block edits for ever. */
const TIMEOUT_MS = 120_000;
/** Memory limit of the thread for a catalog's documents; above it the thread ends, but the process continues. */
const HEAP_MAX_MB = 3_072;

/**
 * Loads catalogs in a separate thread, so that the event loop goes on answering: the thread reads, compiles and renders
 * as a trial, and sends a few groups and machines at a time. Those that did not change are not sent again.
 */
export class ThreadedCatalogLoader implements CatalogLoads {
  readonly #parts: ThreadedLoaderParts;
  readonly #builder = new GenerationBuilder();
  readonly #hurry = new SharedArrayBuffer(4);
  #thread: LoadThreadConnection | undefined;
  #files: CatalogTree | undefined;
  #groups: readonly Group[] = [];
  #machines: readonly Machine[] = [];
  #isClosed = false;

  constructor(parts: ThreadedLoaderParts) {
    this.#parts = parts;
  }

  /** Rejects when the thread ends or takes too long; the next load begins with a new one. */
  async load(now: Date, loadKept: LoadKept): Promise<CatalogLoad> {
    const thread = (this.#thread ??= await this.#startThread(loadKept));
    return this.#within(thread, 'reading', () => this.#loadFrom(thread, now));
  }

  hurry(): void {
    Atomics.store(new Int32Array(this.#hurry), 0, 1);
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#thread?.end(new Error('Railhead is stopping'));
    return Promise.resolve();
  }

  /** Ends the thread if the work fails or takes too long, and rejects with the reason. */
  async #within<T>(thread: LoadThreadConnection, doing: string, work: () => Promise<T>): Promise<T> {
    const timeoutMs = this.#parts.timeoutMs ?? TIMEOUT_MS;
    const timer = setTimeout(() => {
      thread.end(new Error(`${doing} the catalog took more than ${timeoutMs / 1000} s and was stopped`));
    }, timeoutMs);
    try {
      return await work();
    } catch (error) {
      if (this.#thread === thread) this.#thread = undefined;
      thread.end(error as Error);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  async #startThread(loadKept: LoadKept): Promise<LoadThreadConnection> {
    const kept = await loadKept();
    if (this.#isClosed) throw new Error('Railhead is stopping');
    // A new thread does not know what was sent before.
    this.#files = undefined;
    this.#groups = [];
    this.#machines = [];
    const data: LoadThreadData = {
      place: this.#parts.place,
      hurry: this.#hurry,
      ...(kept !== undefined && { kept }),
    };
    const script = this.#parts.script ?? threadScript(new URL('./load-thread.js', import.meta.url));
    return new LoadThreadConnection(script, data);
  }

  async #loadFrom(thread: LoadThreadConnection, now: Date): Promise<CatalogLoad> {
    const answer = await thread.ask({ kind: 'load', nowMs: now.getTime() });
    if (answer.kind === 'nothing') return answer;
    if (answer.kind !== 'head') throw new Error(`the thread answered ${answer.kind}`);
    const { head } = answer;
    const { generation, machines } = await this.#receive(thread, head, now);
    const { from, problems, standIns, warnings } = head;
    const tryOut = (): Promise<CatalogTrial> =>
      this.#within(thread, 'rendering', async () => {
        const tried = await thread.ask({ kind: 'try' });
        if (tried.kind !== 'tried') throw new Error(`the thread answered ${tried.kind}`);
        return tried;
      });
    return { kind: 'loaded', generation, machines, from, standIns, problems, warnings, tryOut };
  }

  async #receive(
    thread: LoadThreadConnection,
    head: LoadHead,
    now: Date,
  ): Promise<{ generation: Generation; machines: readonly Machine[] }> {
    const files = head.files === undefined ? this.#files : unpackTree(head.files);
    if (files === undefined) throw new Error('the thread sent no files');
    const unfinished = this.#builder.begin({ ...head, tree: files }, now);
    const groups: Group[] = [];
    const machines: Machine[] = [];
    for (;;) {
      // Requests are answered in between, even if the thread has its answer at once.
      await nextTurn();
      const part = await thread.ask({ kind: 'next' });
      if (part.kind === 'end') break;
      if (part.kind === 'groups') {
        for (const { filedUnder, group: packed, problem } of part.groups) {
          const group = 'same' in packed ? known(this.#groups, packed) : fromPlainGroup(packed.fresh);
          groups.push(group);
          unfinished.add({ group, ...(filedUnder !== undefined && { filedUnder }) }, problem);
        }
      } else if (part.kind === 'machines') {
        for (const packed of part.machines)
          machines.push('same' in packed ? known(this.#machines, packed) : packed.fresh);
      } else throw new Error(`the thread answered ${part.kind}`);
    }
    this.#files = files;
    this.#groups = groups;
    this.#machines = machines;
    return { generation: unfinished.finish(), machines };
  }
}

function known<T>(before: readonly T[], { same }: Extract<Sent<unknown>, { same: number }>): T {
  const one = before[same];
  if (one === undefined) throw new Error('the thread refers to something that it did not send');
  return one;
}

/** One thread, which answers one request after the other. */
class LoadThreadConnection {
  readonly #worker: Worker;
  #waiting: { resolve: (answer: LoadAnswer) => void; reject: (error: Error) => void } | undefined;
  #ended: Error | undefined;

  constructor(script: URL, data: LoadThreadData) {
    this.#worker = new Worker(script, {
      workerData: data,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MAX_MB },
    });
    this.#worker.on('message', (answer: LoadAnswer) => {
      const waiting = this.#waiting;
      this.#waiting = undefined;
      waiting?.resolve(answer);
    });
    this.#worker.on('error', (error) => this.end(error));
    this.#worker.on('exit', () => this.end(new Error('the thread that loads the catalog has ended')));
  }

  ask(request: LoadRequest): Promise<LoadAnswer> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#worker.postMessage(request);
    });
  }

  /**
   * Ends the thread, and rejects waiting calls with the reason. A thread in a system call, as on a disk that hangs, ends
   * only when that call returns, and nobody waits for it.
   */
  end(reason: Error): void {
    this.#ended ??= reason;
    this.#waiting?.reject(this.#ended);
    this.#waiting = undefined;
    void this.#worker.terminate();
  }
}
