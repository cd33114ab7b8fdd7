import type { IncomingMessage } from 'node:http';

/** Bytes of a report: the last lines of a log, not the log. */
const BODY_SIZE_MAX = 64 * 1024;

/** The body as text; undefined when it is too large. Rejects when the client went away. */
export async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_SIZE_MAX) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
