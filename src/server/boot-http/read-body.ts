import type { IncomingMessage } from 'node:http';

/** Maximum size of a report in bytes: enough for the last lines of a log. */
const BODY_SIZE_MAX = 64 * 1024;

/** The body as text; undefined if it is too large. Rejects if the client closed the connection. */
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
