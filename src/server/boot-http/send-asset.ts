import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FileHandle } from 'node:fs/promises';
import type { OpenAsset } from './asset-files.ts';
import { readRange } from './byte-range.ts';
import type { Download, Downloads } from './downloads.ts';

/** When an address with too many downloads may try again. */
const RETRY_SECONDS = 5;

/** The counter of downloads. */
export interface DownloadPlace {
  readonly downloads: Downloads;
  /** The client's address. */
  readonly source: string;
}

/** How a file was sent. */
export interface SentAsset {
  readonly status: number;
  /** Bytes of the body, as announced. */
  readonly size: number;
}

/**
 * Sends a file with HEAD, conditions and one range (RFC 9110), and closes it; 503 if the client's address has too many
 * downloads. Rejects if the client closed the connection, the disk failed, or the file became shorter; UEFI firmware
 * ends its connections with a reset, so that is not an error by itself.
 */
export async function sendAsset(
  request: IncomingMessage,
  response: ServerResponse,
  asset: OpenAsset,
  { downloads, source }: DownloadPlace,
): Promise<SentAsset> {
  const download = downloads.begin(source, response);
  try {
    if (download !== undefined) return await send(request, response, asset, download, downloads);
    response.setHeader('Retry-After', RETRY_SECONDS);
    return end(response, 503, 'too many downloads from this address\n');
  } finally {
    if (download !== undefined) downloads.end(download);
    // Not awaited: under load closing takes a while, in which the client has its file and requests more, so that the
    // events of both requests would be recorded in the wrong order.
    void asset.handle.close().catch(() => undefined);
  }
}

async function send(
  request: IncomingMessage,
  response: ServerResponse,
  asset: OpenAsset,
  download: Download,
  downloads: Downloads,
): Promise<SentAsset> {
  const { etag, handle, modifiedAt, size, type } = asset;
  const headers = request.headers;
  response.setHeader('Accept-Ranges', 'bytes');
  response.setHeader('ETag', etag);
  response.setHeader('Last-Modified', modifiedAt.toUTCString());
  if (!matchesPreconditions(headers, asset)) return end(response, 412);
  if (isUnchanged(headers, asset)) return end(response, 304);

  // RFC 9110 section 14.2: a range applies only to GET.
  const ranged = request.method === 'GET' && isSameForRange(headers['if-range'], asset);
  const range = readRange(ranged ? headers.range : undefined, size);
  if (range.kind === 'unsatisfiable') {
    response.setHeader('Content-Range', `bytes */${size}`);
    return end(response, 416, 'the range is outside of the file\n');
  }
  const first = range.kind === 'part' ? range.first : 0;
  const last = range.kind === 'part' ? range.last : size - 1;
  const length = last - first + 1;
  response.statusCode = range.kind === 'part' ? 206 : 200;
  response.setHeader('Content-Type', type);
  response.setHeader('Content-Length', length);
  if (range.kind === 'part') response.setHeader('Content-Range', `bytes ${first}-${last}/${size}`);
  if (request.method === 'HEAD' || length === 0) {
    response.end();
    return { status: response.statusCode, size: 0 };
  }
  await sendBytes(response, handle, { first, length }, download, downloads);
  response.end();
  return { status: response.statusCode, size: length };
}

/** Sends bytes of a file part by part, each after the previous one was passed to the kernel. */
async function sendBytes(
  response: ServerResponse,
  handle: FileHandle,
  { first, length }: { readonly first: number; readonly length: number },
  download: Download,
  downloads: Downloads,
): Promise<void> {
  let buffer = Buffer.alloc(0);
  for (let sent = 0; sent < length;) {
    const size = Math.min(downloads.take(download), length - sent);
    if (buffer.length < size || buffer.length > 2 * size) buffer = Buffer.allocUnsafeSlow(size);
    const { bytesRead } = await handle.read(buffer, 0, size, first + sent);
    // Only the end of the connection tells the client that no more will follow.
    if (bytesRead === 0) throw new Error('the file was truncated while it was sent');
    await handOver(response, buffer.subarray(0, bytesRead));
    downloads.sent(download, bytesRead);
    sent += bytesRead;
  }
}

/** Resolves when the kernel has accepted a part; rejects if the connection ends before that. */
function handOver(response: ServerResponse, part: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(new ClientGone());
    if (response.destroyed) return leave();
    response.once('close', leave);
    response.write(part, () => {
      response.off('close', leave);
      if (response.destroyed) leave();
      else resolve();
    });
  });
}

/** The connection ended before the whole answer was sent; normal for firmware. */
class ClientGone extends Error {
  readonly code = 'ERR_STREAM_PREMATURE_CLOSE';

  constructor() {
    super('the client went away');
  }
}

function end(response: ServerResponse, status: number, body = ''): SentAsset {
  response.statusCode = status;
  if (body !== '') response.setHeader('Content-Type', 'text/plain; charset=utf-8');
  response.end(body);
  return { status, size: 0 };
}

type Headers = IncomingMessage['headers'];

/** If-Match and If-Unmodified-Since: edk2 uses them to resume (RFC 9110 sections 13.1.1 and 13.1.4). */
function matchesPreconditions(headers: Headers, { etag, modifiedAt }: OpenAsset): boolean {
  const match = headers['if-match'];
  if (match !== undefined) return match === '*' || listsTag(match, etag);
  const since = headers['if-unmodified-since'];
  return since === undefined || !(seconds(modifiedAt) > seconds(new Date(since)));
}

/** If-None-Match and If-Modified-Since (RFC 9110 sections 13.1.2 and 13.1.3). */
function isUnchanged(headers: Headers, { etag, modifiedAt }: OpenAsset): boolean {
  const none = headers['if-none-match'];
  if (none !== undefined) return none === '*' || listsTag(none, etag);
  const since = headers['if-modified-since'];
  return since !== undefined && seconds(modifiedAt) <= seconds(new Date(since));
}

/** If-Range: a part is only useful if it belongs to the version that the client has (RFC 9110 section 13.1.5). */
function isSameForRange(header: string | string[] | undefined, { etag, modifiedAt }: OpenAsset): boolean {
  if (typeof header !== 'string') return header === undefined;
  return header.startsWith('"') ? header === etag : seconds(new Date(header)) === seconds(modifiedAt);
}

function listsTag(header: string, etag: string): boolean {
  return header.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag);
}

function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}
