import { parentPort, workerData } from 'node:worker_threads';
import type { SqliteSettings } from './sqlite-connection.ts';
import { SqliteStore } from './sqlite-store.ts';
import type { StoreAnswer, StoreCall } from './threaded-store.ts';

// The thread of ThreadedStore: one connection, and calls in the order in which they came.

const port = parentPort;
if (port === null) throw new Error('this file is run as a thread by ThreadedStore');

const answer = (message: StoreAnswer): void => port.postMessage(message);

try {
  const store = await SqliteStore.open(workerData as SqliteSettings);
  let last = Promise.resolve();
  port.on('message', (call: StoreCall) => {
    last = last.then(() => serve(store, call)).then(answer);
  });
  answer({ id: 0, result: undefined });
} catch (error) {
  answer({ id: 0, error: cloneable(error) });
}

/** The errors of better-sqlite3 lose their message on the way to another thread. */
function cloneable(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  const copy = new Error(error.message);
  if (error.stack !== undefined) copy.stack = error.stack;
  return copy;
}

async function serve(store: SqliteStore, { id, method, argument }: StoreCall): Promise<StoreAnswer> {
  try {
    // StoreCall ties the argument to the method, which TypeScript cannot follow through the lookup.
    const result = await (store[method] as (argument: unknown) => Promise<unknown>).call(store, argument);
    return { id, result };
  } catch (error) {
    return { id, error: cloneable(error) };
  }
}
