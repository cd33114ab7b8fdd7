import { Worker } from 'node:worker_threads';
import { threadScript } from '../../threads/thread-script.ts';
import { callingStore, type StoreCall } from '../store-calls.ts';
import { StoreError, type StoreFailure } from '../store-error.ts';
import type { DatabaseStore } from '../store.ts';
import type { SqliteSettings } from './sqlite-connection.ts';

/** A call that is sent to the thread. */
export interface ThreadCall {
  /** Counts from 1; the answer 0 says whether the store was opened. */
  readonly id: number;
  readonly call: StoreCall | 'close';
}

/** The result of a call. */
export type ThreadAnswer =
  { readonly id: number; readonly result: unknown } | { readonly id: number; readonly error: PackedError };

/** An error as data. */
export interface PackedError {
  readonly message: string;
  readonly stack?: string;
  /** Present for a StoreError. */
  readonly failure?: StoreFailure;
}

/**
 * Opens the SQLite store in a separate thread: the event loop goes on receiving packets and serving files while the
 * disk confirms writes. Migrates the database. Rejects with an Error that names the file and says what to do.
 */
export async function openThreadedSqlite(settings: SqliteSettings): Promise<DatabaseStore> {
  const thread = new StoreThread(settings);
  try {
    await thread.opened;
  } catch (error) {
    await thread.terminate();
    throw error;
  }
  return callingStore(
    (call) => thread.call(call),
    async () => {
      await thread.call('close');
      await thread.terminate();
    },
  );
}

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** The thread, and the callers that wait for its answers. */
class StoreThread {
  /** Rejects if the store cannot be opened. */
  readonly opened: Promise<unknown>;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #ended: Error | undefined;

  constructor(settings: SqliteSettings) {
    this.#worker = new Worker(threadScript(new URL('./sqlite-thread.js', import.meta.url)), {
      workerData: settings,
    });
    this.#worker.on('message', (answer: ThreadAnswer) => this.#settle(answer));
    this.#worker.on('error', (error) => this.#end(error));
    this.#worker.on('exit', () => this.#end(new Error('the thread of the store has ended')));
    this.opened = this.#wait(0);
  }

  call(call: StoreCall | 'close'): Promise<unknown> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    const id = ++this.#lastId;
    const answer = this.#wait(id);
    this.#worker.postMessage({ id, call } satisfies ThreadCall);
    return answer;
  }

  async terminate(): Promise<void> {
    this.#end(new Error('the store is closed'));
    await this.#worker.terminate();
  }

  #wait(id: number): Promise<unknown> {
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  #settle(answer: ThreadAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ('error' in answer) waiting?.reject(unpacked(answer.error));
    else waiting?.resolve(answer.result);
  }

  /** No more answers will come: all waiting callers get the error. */
  #end(error: Error): void {
    this.#ended ??= error;
    for (const waiting of this.#waiting.values()) waiting.reject(this.#ended);
    this.#waiting.clear();
  }
}

function unpacked({ failure, message, stack }: PackedError): Error {
  const error = failure === undefined ? new Error(message) : new StoreError(failure, message);
  if (stack !== undefined) error.stack = stack;
  return error;
}
