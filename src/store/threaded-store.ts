import { Worker } from 'node:worker_threads';
import type { Lease, LeaseChange } from '../provision/dhcp/leases/lease.ts';
import type { SqliteSettings } from './sqlite-connection.ts';
import type {
  BootEventQuery,
  DiscoveredMachine,
  EventRetention,
  Retention,
  Store,
  StoredBootEvent,
} from './store.ts';

/** One call of a store's method, on its way to the thread. */
export interface StoreCall {
  /** Counts from 1; the answer 0 says whether the store opened. */
  readonly id: number;
  readonly method: keyof Store;
  readonly argument: unknown;
}

/** What came of a call. */
export type StoreAnswer =
  { readonly id: number; readonly result: unknown } | { readonly id: number; readonly error: unknown };

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The SQLite store in a thread of its own: the event loop goes on receiving packets and serving files while the disk
 * confirms what it was given. Calls are answered in the order in which they were made.
 */
export class ThreadedStore implements Store {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #ended: Error | undefined;

  /** Opens and migrates the database. Rejects with an Error that names the file and says what to do. */
  static async open(settings: SqliteSettings): Promise<ThreadedStore> {
    const store = new ThreadedStore(settings);
    try {
      await store.#wait(0);
    } catch (error) {
      await store.#worker.terminate();
      throw error;
    }
    return store;
  }

  private constructor(settings: SqliteSettings) {
    this.#worker = new Worker(threadScript(), { workerData: settings });
    this.#worker.on('message', (answer: StoreAnswer) => this.#settle(answer));
    this.#worker.on('error', (error) => this.#end(error));
    this.#worker.on('exit', () => this.#end(new Error('the thread of the store has ended')));
  }

  loadLeases(): Promise<Lease[]> {
    return this.#call('loadLeases') as Promise<Lease[]>;
  }

  commitLeases(changes: readonly LeaseChange[]): Promise<void> {
    return this.#call('commitLeases', changes) as Promise<void>;
  }

  recordDiscovered(machine: DiscoveredMachine): Promise<void> {
    return this.#call('recordDiscovered', machine) as Promise<void>;
  }

  listDiscovered(): Promise<DiscoveredMachine[]> {
    return this.#call('listDiscovered') as Promise<DiscoveredMachine[]>;
  }

  pruneDiscovered(retention: Retention): Promise<number> {
    return this.#call('pruneDiscovered', retention) as Promise<number>;
  }

  appendEvents(events: readonly Omit<StoredBootEvent, 'id'>[]): Promise<void> {
    return this.#call('appendEvents', events) as Promise<void>;
  }

  listEvents(query: BootEventQuery): Promise<StoredBootEvent[]> {
    return this.#call('listEvents', query) as Promise<StoredBootEvent[]>;
  }

  pruneEvents(retention: EventRetention): Promise<number> {
    return this.#call('pruneEvents', retention) as Promise<number>;
  }

  async close(): Promise<void> {
    await this.#call('close');
    this.#end(new Error('the store is closed'));
    await this.#worker.terminate();
  }

  #call(method: keyof Store, argument?: unknown): Promise<unknown> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    const id = ++this.#lastId;
    const answer = this.#wait(id);
    this.#worker.postMessage({ id, method, argument } satisfies StoreCall);
    return answer;
  }

  #wait(id: number): Promise<unknown> {
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  #settle(answer: StoreAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ('error' in answer) waiting?.reject(answer.error);
    else waiting?.resolve(answer.result);
  }

  /** Nothing will be answered any more: whoever waits must hear of it. */
  #end(error: Error): void {
    this.#ended ??= error;
    for (const waiting of this.#waiting.values()) waiting.reject(this.#ended);
    this.#waiting.clear();
  }
}

/** The thread's file. In development and in tests that is TypeScript, which a thread of Node 20 must be taught. */
function threadScript(): URL {
  if (!import.meta.url.endsWith('.ts')) return new URL('./sqlite-thread.js', import.meta.url);
  const script = new URL('./sqlite-thread.ts', import.meta.url).href;
  const loader = import.meta.resolve('tsx/esm/api');
  const source = `import { register } from '${loader}'; register(); await import('${script}');`;
  return new URL(`data:text/javascript,${encodeURIComponent(source)}`);
}
