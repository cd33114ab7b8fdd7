import { parentPort, workerData } from 'node:worker_threads';
import { carryOut } from '../store-calls.ts';
import { StoreError } from '../store-error.ts';
import type { DatabaseStore } from '../store.ts';
import type { SqliteSettings } from './sqlite-connection.ts';
import { openSqliteStore } from './sqlite-store.ts';
import type { PackedError, ThreadAnswer, ThreadCall } from './threaded-sqlite.ts';

// The thread of openThreadedSqlite: one connection, and calls in the order of their arrival.

const port = parentPort;
if (port === null) throw new Error('this file is run as a thread by openThreadedSqlite');

const answer = (message: ThreadAnswer): void => port.postMessage(message);

try {
  const store = await openSqliteStore(workerData as SqliteSettings);
  port.on('message', (call: ThreadCall) => void serve(store, call).then(answer));
  answer({ id: 0, result: undefined });
} catch (error) {
  answer({ id: 0, error: packed(error) });
}

/** Properties of an error besides its message and stack are lost when it is sent to another thread. */
function packed(error: unknown): PackedError {
  if (!(error instanceof Error)) return { message: String(error) };
  const { message, stack } = error;
  return {
    message,
    ...(stack !== undefined && { stack }),
    ...(error instanceof StoreError && { failure: error.failure }),
  };
}

async function serve(store: DatabaseStore, { call, id }: ThreadCall): Promise<ThreadAnswer> {
  try {
    const result = await (call === 'close' ? store.close() : carryOut(store, call));
    return { id, result };
  } catch (error) {
    return { id, error: packed(error) };
  }
}
