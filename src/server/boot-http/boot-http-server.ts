import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import type { Logger } from 'pino';
import type { Endpoint } from '../../protocol/endpoint.ts';
import { type Ipv4Address, parseIpv4 } from '../../protocol/ipv4-address.ts';
import type { MacAddress } from '../../protocol/mac-address.ts';
import type { BootEvent, BootEventSink } from '../../provision/history/boot-event.ts';
import { KeyedBuckets } from '../../limits/token-bucket.ts';
import type { BootProgramFile } from '../../host/boot-program-files.ts';
import type { Counters } from '../../limits/counters.ts';
import { LineBudget, type LineLimits } from '../../log/line-budget.ts';
import { listenHttp } from '../../host/listen-http.ts';
import { RequestTurns } from '../http/request-turns.ts';
import { type Answer, notYet, refuse, text } from './answer.ts';
import { type OpenAsset, openAsset, openTrusted } from './asset-files.ts';
import type { BootAnswers } from './boot-answers.ts';
import type { BootRequest } from './boot-request.ts';
import { PartialDownloads } from './partial-downloads.ts';
import { readBody } from './read-body.ts';
import type { RequestReader, UnreadableRequest } from './read-request.ts';
import { type SentAsset, sendAsset } from './send-asset.ts';

/** What the boot plane's HTTP server is put together from. */
export interface BootHttpParts {
  readonly answers: BootAnswers;
  readonly reader: RequestReader;
  /** Whether the client with this address gets anything. */
  readonly serves: (address: string) => boolean;
  /** The directory behind `/assets/`. */
  readonly assets: string;
  /** What is behind `/boot/`, by name, for UEFI HTTP Boot. */
  readonly bootPrograms: ReadonlyMap<string, BootProgramFile>;
  readonly events: BootEventSink;
  /** The network card behind an address, as far as leases or the kernel know it. */
  readonly findMac: (address: string) => MacAddress | undefined;
  readonly counters: Counters;
  readonly log: Logger;
  readonly now: () => Date;
  /** Connections at once, of each address that is listened on. */
  readonly connections: number;
  /** Requests a second from one address. */
  readonly requestsPerSource: number;
  /** How long a client may take nothing, in milliseconds, until it counts as gone; two minutes by default. */
  readonly stallMs?: number;
}

/** iPXE keeps connections for 10 s and opens new ones when they were closed under it. */
const KEEP_ALIVE_MS = 20_000;
const HEADERS_MS = 20_000;
const REQUEST_MS = 60_000;
const STALL_MS = 120_000;
const HEADER_SIZE_MAX = 16 * 1024;
const SOURCES_MAX = 10_000;
/** Ten thousand machines that boot at once need fifteen lines each; one that reads an image part by part needs no thousands. */
const LINES: LineLimits = {
  perSubject: { burst: 200, perMinute: 120 },
  total: { burst: 200_000, perSecond: 200 },
};
/** In a minute a machine may report again, whatever it did before. */
const REPORT_RETRY_SECONDS = 60;

/**
 * Boot plane over HTTP, on `node:http` without a framework: machines ask a handful of paths, thousands of them at
 * once.
 */
export class BootHttpServer {
  readonly #parts: BootHttpParts;
  readonly #servers: Server[] = [];
  readonly #budget: KeyedBuckets;
  readonly #partial = new PartialDownloads();
  readonly #lines: LineBudget;
  readonly #turns = new RequestTurns((request, response) => void this.#serve(request, response));

  constructor(parts: BootHttpParts) {
    this.#parts = parts;
    this.#budget = new KeyedBuckets(parts.requestsPerSource, parts.requestsPerSource, SOURCES_MAX);
    this.#lines = new LineBudget(parts.log, 'http requests', LINES);
  }

  /** Starts to listen, and says where. Rejects with an Error that names the port and what is in the way. */
  async listen(wanted: Endpoint): Promise<Endpoint> {
    const server = createServer(
      {
        keepAliveTimeout: KEEP_ALIVE_MS,
        headersTimeout: HEADERS_MS,
        requestTimeout: REQUEST_MS,
        maxHeaderSize: HEADER_SIZE_MAX,
        noDelay: true,
      },
      this.#turns.take,
    );
    server.maxConnections = this.#parts.connections;
    server.setTimeout(this.#parts.stallMs ?? STALL_MS);
    const endpoint = await listenHttp(server, 'http.listen', wanted);
    this.#servers.push(server);
    return endpoint;
  }

  /** Stops listening, lets requests finish for `graceMs`, and resolves when the last connection is closed. */
  async close(graceMs: number): Promise<void> {
    const closing = this.#servers.map(
      (server) => new Promise<void>((resolve) => server.close(() => resolve())),
    );
    for (const server of this.#servers) server.closeIdleConnections();
    const timer = setTimeout(() => this.#servers.forEach((server) => server.closeAllConnections()), graceMs);
    await Promise.all(closing);
    clearTimeout(timer);
    this.#lines.end();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const startedMs = performance.now();
    const read = this.#parts.reader.read(request);
    const { reason, status } = await this.#handle(request, response, read, startedMs).catch(
      (error: unknown) => this.#fail(request, response, error),
    );
    this.#parts.counters.add('http_requests', String(status));
    const client = 'reason' in read ? (request.socket.remoteAddress ?? '') : read.remoteAddress;
    if (!this.#lines.take(client, startedMs)) return;
    this.#parts.log.info(
      {
        method: request.method,
        url: request.url?.slice(0, 500),
        status,
        ...(reason !== undefined && { reason }),
        client,
        ms: Math.round(performance.now() - startedMs),
      },
      'http',
    );
  }

  /** Looks at who asks, and only then at what for. */
  async #handle(
    request: IncomingMessage,
    response: ServerResponse,
    read: BootRequest | UnreadableRequest,
    nowMs: number,
  ): Promise<Outcome> {
    if ('reason' in read) return this.#send(request, response, refuse(read.status, read.reason));
    const { remoteAddress } = read;
    if (!this.#parts.serves(remoteAddress)) {
      const why = `${remoteAddress} is of no network that is served: name it in served_networks`;
      return this.#send(request, response, refuse(403, why));
    }
    if (!this.#budget.take(remoteAddress, nowMs)) {
      const answer = refuse(503, 'too many requests from this address', { 'Retry-After': '5' });
      return this.#send(request, response, answer);
    }
    return this.#route(request, response, read);
  }

  /** The paths of the boot plane; those of Matchbox keep their names. */
  async #route(request: IncomingMessage, response: ServerResponse, read: BootRequest): Promise<Outcome> {
    const { answers } = this.#parts;
    const { method, path } = read;
    if (path === '/report') return this.#report(request, response, read);
    if (method !== 'GET' && method !== 'HEAD') {
      return this.#send(
        request,
        response,
        refuse(405, `${method} is not for ${path}`, { Allow: 'GET, HEAD' }),
      );
    }
    if (path.startsWith('/assets/')) {
      return this.#sendFile(
        request,
        response,
        read,
        await openAsset(this.#parts.assets, path.slice('/assets/'.length)),
      );
    }
    if (path.startsWith('/boot/') && !path.endsWith('/autoexec.ipxe')) {
      const program = this.#parts.bootPrograms.get(path.slice('/boot/'.length));
      return this.#sendFile(
        request,
        response,
        read,
        program && (await openTrusted(program.file, program.name)),
      );
    }
    // iPXE since 2.0 asks for this beside wherever it was loaded from, and waits when there is no answer.
    if (path.endsWith('/autoexec.ipxe'))
      return this.#answer(request, response, read, answers.bootScript(read));
    switch (path) {
      case '/':
        return this.#send(request, response, text('railhead\n'));
      case '/healthz':
        return this.#send(request, response, text('ok\n'));
      case '/boot.ipxe':
      case '/boot.ipxe.0':
        return this.#answer(request, response, read, answers.bootScript(read));
      case '/ipxe':
        return this.#answer(request, response, read, answers.ipxe(read));
      case '/grub':
        return this.#answer(request, response, read, answers.grub(read));
      case '/ignition':
        return this.#answer(request, response, read, answers.ignition(read));
      case '/generic':
        return this.#answer(request, response, read, answers.generic(read));
      case '/metadata':
        return this.#answer(request, response, read, answers.metadata(read));
      default:
        return this.#send(request, response, refuse(404, 'there is nothing at this path'));
    }
  }

  /** Sends a rendered answer, and notes it in the machine's history. */
  #answer(request: IncomingMessage, response: ServerResponse, read: BootRequest, answer: Answer): Outcome {
    const outcome = this.#send(request, response, answer);
    if (answer.event !== undefined && request.method !== 'HEAD') this.#record(read, answer.event);
    return outcome;
  }

  #send(request: IncomingMessage, response: ServerResponse, answer: Answer): Outcome {
    response.writeHead(answer.status, {
      'Content-Type': answer.type,
      'Content-Length': Buffer.byteLength(answer.body),
      'Cache-Control': 'no-store',
      ...answer.headers,
    });
    // As text it leaves in one piece with its header.
    response.end(request.method === 'HEAD' ? undefined : answer.body);
    return { status: answer.status, ...(answer.reason !== undefined && { reason: answer.reason }) };
  }

  async #sendFile(
    request: IncomingMessage,
    response: ServerResponse,
    read: BootRequest,
    asset: OpenAsset | undefined,
  ): Promise<Outcome> {
    if (asset === undefined)
      return this.#send(request, response, refuse(404, `there is no file ${read.path}`));
    const startedMs = performance.now();
    const sent = await sendAsset(request, response, asset);
    if (request.method === 'GET' && sent.size > 0) this.#recordFile(read, sent, startedMs);
    return { status: sent.status };
  }

  #recordFile(read: BootRequest, { size, status }: SentAsset, startedMs: number): void {
    const { path, remoteAddress } = read;
    const nowMs = performance.now();
    const kind = path.startsWith('/boot/') ? 'http.boot_program' : 'http.asset';
    if (status === 206) {
      const noted = this.#partial.add(remoteAddress, path, size, nowMs);
      if (noted === undefined) return;
      const { bytes, requests } = noted;
      const summary = `${path}, ${formatSize(bytes)} in ${requests === 1 ? 'a part' : `${requests} parts`}`;
      this.#record(read, { kind, summary, detail: { path, bytes, requests } });
      return;
    }
    const seconds = (nowMs - startedMs) / 1000;
    this.#record(read, {
      kind,
      summary: `${path}, ${formatSize(size)} in ${seconds.toFixed(1)} s`,
      detail: { path, bytes: size, seconds: Math.round(seconds * 1000) / 1000 },
    });
  }

  /** `POST /report`: what a machine has to say about itself. */
  async #report(request: IncomingMessage, response: ServerResponse, read: BootRequest): Promise<Outcome> {
    if (read.method !== 'POST') {
      return this.#send(
        request,
        response,
        refuse(405, `${read.method} is not for /report`, { Allow: 'POST' }),
      );
    }
    const body = await readBody(request);
    if (body === undefined) {
      return this.#send(
        request,
        response,
        refuse(413, 'a report has at most 64 KiB', { Connection: 'close' }),
      );
    }
    const [firstLine = ''] = body.trim().split('\n');
    const noted = this.#record(read, {
      kind: 'machine.report',
      summary: firstLine.slice(0, 500),
      detail: { report: body },
    });
    return this.#send(
      request,
      response,
      noted ? text('noted\n') : notYet('too many reports; this one was not noted', REPORT_RETRY_SECONDS),
    );
  }

  /** Puts an event on record; false if there are too many. */
  #record(read: BootRequest, event: NonNullable<Answer['event']>): boolean {
    const { events, findMac, now } = this.#parts;
    const address = parseIpv4(read.remoteAddress);
    const mac = (read.labels.get('mac') as MacAddress | undefined) ?? findMac(read.remoteAddress);
    const recorded: BootEvent = {
      at: now(),
      ...event,
      ...(mac !== undefined && { mac }),
      ...(address !== undefined && { address: address satisfies Ipv4Address }),
    };
    return events.record(recorded);
  }

  /** A client that went away is normal; anything else is our fault, and must not end more than this request. */
  #fail(request: IncomingMessage, response: ServerResponse, error: unknown): Outcome {
    const { code = '', message } = error as NodeJS.ErrnoException;
    if (GONE.has(code)) {
      response.destroy();
      return { status: 499, reason: 'the client went away' };
    }
    this.#parts.log.error({ err: error, url: request.url?.slice(0, 500) }, 'http request failed');
    if (response.headersSent) {
      response.destroy();
      return { status: 500, reason: message };
    }
    return this.#send(
      request,
      response,
      refuse(503, 'the server failed on this request; its log says why', { 'Retry-After': '5' }),
    );
  }
}

interface Outcome {
  readonly status: number;
  readonly reason?: string;
}

const GONE: ReadonlySet<string> = new Set([
  'ECONNRESET',
  'EPIPE',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ECONNABORTED',
]);

function formatSize(bytes: number): string {
  return bytes < 1_000_000 ? `${Math.ceil(bytes / 1000)} kB` : `${Math.round(bytes / 1_000_000)} MB`;
}
