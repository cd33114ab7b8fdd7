import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Answer } from './answer.ts';
import type { OpenAsset } from './asset-files.ts';
import type { BootRequest } from './boot-request.ts';
import type { Downloads } from './downloads.ts';
import { type SentAsset, sendAsset } from './send-asset.ts';

/** How a request was answered, for the log. */
export interface Outcome {
  readonly status: number;
  readonly reason?: string;
}

/** One request of the boot plane as it was read, and the functions that answer it. */
export class Exchange {
  readonly read: BootRequest;
  readonly request: IncomingMessage;
  readonly #response: ServerResponse;

  readonly #downloads: Downloads;

  constructor(read: BootRequest, request: IncomingMessage, response: ServerResponse, downloads: Downloads) {
    this.read = read;
    this.#downloads = downloads;
    this.request = request;
    this.#response = response;
  }

  /** Sends a complete answer. */
  send(answer: Answer): Outcome {
    return sendAnswer(this.request, this.#response, answer);
  }

  /** Sends a file and closes it. Rejects as `sendAsset` does. */
  sendFile(asset: OpenAsset): Promise<SentAsset> {
    const place = { downloads: this.#downloads, source: this.read.remoteAddress };
    return sendAsset(this.request, this.#response, asset, place);
  }
}

/** Sends a complete answer, also to a request that could not be parsed. */
export function sendAnswer(request: IncomingMessage, response: ServerResponse, answer: Answer): Outcome {
  response.writeHead(answer.status, {
    'Content-Type': answer.type,
    'Content-Length': Buffer.byteLength(answer.body),
    'Cache-Control': 'no-store',
    ...answer.headers,
  });
  // Sent as text, so that header and body are written together.
  response.end(request.method === 'HEAD' ? undefined : answer.body);
  return { status: answer.status, ...(answer.reason !== undefined && { reason: answer.reason }) };
}
