import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate } from 'node:timers/promises';
import type { Response } from 'express';

/** Number of items that are serialised at once: this takes some milliseconds, in which no packet is answered. */
const AT_ONCE = 500;

/**
 * Sends `{"name":[...]}` in pieces, so that a list of a million leases does not block the event loop. Rejects if the
 * list ends with an error; a client that closes the connection is not one.
 */
export async function sendList(response: Response, name: string, items: Iterable<unknown>): Promise<void> {
  response.type('application/json');
  try {
    await pipeline(Readable.from(piecesOf(name, items)), response);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
}

async function* piecesOf(name: string, items: Iterable<unknown>): AsyncGenerator<string> {
  let piece = `{${JSON.stringify(name)}:[`;
  let count = 0;
  for (const item of items) {
    if (count > 0) piece += ',';
    piece += JSON.stringify(item);
    if (++count % AT_ONCE === 0) {
      yield piece;
      piece = '';
      await setImmediate();
    }
  }
  yield `${piece}]}`;
}
