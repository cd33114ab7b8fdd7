import { parentPort, workerData } from 'node:worker_threads';
import { carryOut } from '../store-calls.ts';
import type { DatabaseStore } from '../store.ts';
import type { SqliteSettings } from './sqlite-connection.ts';
import { openSqliteStore } from './sqlite-store.ts';
import type { ThreadAnswer, ThreadCall } from './threaded-sqlite.ts';

// The thread of openThreadedSqlite: one connection, and calls in the order in which they came.

const port = parentPort;
if (port === null) throw new Error('this file is run as a thread by openThreadedSqlite');

const answer = (message: ThreadAnswer): void => port.postMessage(message);

try {
  const store = await openSqliteStore(workerData as SqliteSettings);
  port.on('message', (call: ThreadCall) => void serve(store, call).then(answer));
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

async function serve(store: DatabaseStore, { call, id }: ThreadCall): Promise<ThreadAnswer> {
  try {
    const result = await (call === 'close' ? store.close() : carryOut(store, call));
    return { id, result };
  } catch (error) {
    return { id, error: cloneable(error) };
  }
}
