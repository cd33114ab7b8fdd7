import type { IncomingMessage } from 'node:http';

/** Maximum size of a report in bytes: enough for the last lines of a log. */
const BODY_SIZE_MAX = 64 * 1024;

/** A body, or why it was not read. */
export type RequestBody =
  | { readonly text: string }
  | { readonly status: 413 | 415; readonly reason: string; readonly text?: undefined };

const TOO_LARGE: RequestBody = { status: 413, reason: 'a report has at most 64 KiB' };

/**
 * Reads the body as text, and no more of it than a report may have: one that announces more is refused before it is
 * sent. Rejects if the client closed the connection.
 */
export async function readBody(request: IncomingMessage): Promise<RequestBody> {
  const { headers } = request;
  const coding = headers['content-encoding']?.trim().toLowerCase() ?? '';
  if (coding !== '' && coding !== 'identity') {
    return { status: 415, reason: 'a report is sent without compression: leave out Content-Encoding' };
  }
  if (Number(headers['content-length'] ?? 0) > BODY_SIZE_MAX) return TOO_LARGE;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_SIZE_MAX) return TOO_LARGE;
    chunks.push(chunk);
  }
  return { text: Buffer.concat(chunks).toString('utf8') };
}
