import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import type { Endpoint } from '../../protocol/endpoint.ts';
import { KeyedBuckets } from '../../limits/token-bucket.ts';
import type { Counters } from '../../limits/counters.ts';
import { LineBudget, type LineLimits } from '../../log/line-budget.ts';
import { listenHttp } from '../../host/listen-http.ts';
import { ConnectionLimits, type ConnectionLimitSettings } from '../http/connection-limits.ts';
import { RequestTurns } from '../http/request-turns.ts';
import { refuse } from './answer.ts';
import type { BootRequest } from './boot-request.ts';
import { Downloads, type DownloadSettings } from './downloads.ts';
import { Exchange, type Outcome, sendAnswer } from './exchange.ts';
import { hideToken } from './request-token.ts';
import type { RequestReader, UnreadableRequest } from './read-request.ts';
import { allowedMethods, type Route, RouteTable } from './route-table.ts';

/** What the boot plane's HTTP server depends on. */
export interface BootHttpParts {
  readonly routes: readonly Route[];
  readonly reader: RequestReader;
  /** Whether the client with this address is served. */
  readonly serves: (address: string) => boolean;
  readonly counters: Counters;
  /** Called when a request was answered, with the name of its route; `none` if there is no such path. */
  readonly onAnswered?: ((route: string, status: number, ms: number) => void) | undefined;
  readonly log: Logger;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  readonly connections: ConnectionLimitSettings;
  readonly downloads: DownloadSettings;
  /** Requests per second from one address. */
  readonly requestsPerSource: number;
  /** How long a client may receive nothing until its connection is closed, in milliseconds; two minutes by default. */
  readonly stallMs?: number;
}

/** Instead of the name of a route, for a path that has none. */
const NO_ROUTE = 'none';
/** iPXE keeps connections for 10 s, and opens new ones if the server closed them. */
const KEEP_ALIVE_MS = 20_000;
const HEADERS_MS = 20_000;
const REQUEST_MS = 60_000;
const STALL_MS = 120_000;
const HEADER_SIZE_MAX = 16 * 1024;
const SOURCES_MAX = 10_000;
/**
 * Ten thousand machines that boot at once cause fifteen log lines each. A machine that reads an image in thousands of
 * parts causes only a few.
 */
const LINES: LineLimits = {
  perSubject: { burst: 200, perMinute: 120 },
  total: { burst: 200_000, perSecond: 200 },
};

/**
 * The boot plane over HTTP, on `node:http` without a framework: machines request a handful of paths, thousands of them
 * at once.
 */
export class BootHttpServer {
  readonly #parts: BootHttpParts;
  readonly #servers: Server[] = [];
  readonly #budget: KeyedBuckets;
  readonly #routes: RouteTable;
  readonly #lines: LineBudget;
  readonly #connections: ConnectionLimits;
  readonly #downloads: Downloads;
  readonly #turns: RequestTurns;

  constructor(parts: BootHttpParts) {
    this.#parts = parts;
    this.#routes = new RouteTable(parts.routes);
    this.#connections = new ConnectionLimits(parts.connections, parts.nowMs);
    this.#downloads = new Downloads(parts.downloads, parts.nowMs);
    this.#turns = new RequestTurns((request, response) => void this.#serve(request, response), {
      connections: this.#connections,
    });
    this.#budget = new KeyedBuckets(parts.requestsPerSource, parts.requestsPerSource, SOURCES_MAX);
    this.#lines = new LineBudget(parts.log, 'http requests', LINES);
  }

  /** Starts to listen, and returns the address. Rejects with an Error that names the port and the cause. */
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
    server.on('connection', this.#connections.admit);
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
    const startedMs = this.#parts.nowMs();
    const read = this.#parts.reader.read(request);
    const routes = 'reason' in read ? [] : this.#routes.find(read.path);
    const { reason, status } = await this.#handle(request, response, read, routes, startedMs).catch(
      (error: unknown) => this.#fail(request, response, error),
    );
    const ms = this.#parts.nowMs() - startedMs;
    this.#parts.counters.add('http_requests', String(status));
    this.#parts.onAnswered?.(routes[0]?.name ?? NO_ROUTE, status, ms);
    const client = 'reason' in read ? (request.socket.remoteAddress ?? '') : read.remoteAddress;
    if (!this.#lines.take(client, startedMs)) return;
    this.#parts.log.info(
      {
        method: request.method,
        url: loggedUrl(request),
        status,
        ...(reason !== undefined && { reason }),
        client,
        ms: Math.round(ms),
      },
      'http',
    );
  }

  /** Checks the sender first, and only then the path. */
  async #handle(
    request: IncomingMessage,
    response: ServerResponse,
    read: BootRequest | UnreadableRequest,
    routes: readonly Route[],
    nowMs: number,
  ): Promise<Outcome> {
    if ('reason' in read) return sendAnswer(request, response, refuse(read.status, read.reason));
    const { remoteAddress } = read;
    if (!this.#parts.serves(remoteAddress)) {
      const why = `${remoteAddress} is not on a served network; add its network to served_networks`;
      return sendAnswer(request, response, refuse(403, why));
    }
    if (!this.#budget.take(remoteAddress, nowMs)) {
      const answer = refuse(503, 'too many requests from this address', { 'Retry-After': '5' });
      return sendAnswer(request, response, answer);
    }
    return this.#route(new Exchange(read, request, response, this.#downloads), routes);
  }

  /** Asks the routes of the path in order, until one answers. */
  async #route(exchange: Exchange, routes: readonly Route[]): Promise<Outcome> {
    const { method, path } = exchange.read;
    if (routes.length === 0) return exchange.send(refuse(404, 'there is nothing at this path'));
    const taking = routes.filter(({ methods }) => methods.includes(method));
    if (taking.length === 0) {
      const allowed = allowedMethods(routes);
      return exchange.send(
        refuse(405, `${method} is not supported at ${path}; use ${allowed}`, { Allow: allowed }),
      );
    }
    for (const { handle } of taking) {
      const outcome = await handle(exchange);
      if (outcome !== undefined) return outcome;
    }
    return exchange.send(refuse(404, `there is no file ${path}`));
  }

  /**
   * A client that closed its connection is normal; any other error is a bug of ours, and must end only this request.
   */
  #fail(request: IncomingMessage, response: ServerResponse, error: unknown): Outcome {
    const { code = '', message } = error as NodeJS.ErrnoException;
    if (GONE.has(code)) {
      response.destroy();
      return { status: 499, reason: 'the client went away' };
    }
    this.#parts.log.error({ err: error, url: loggedUrl(request) }, 'http request failed');
    if (response.headersSent) {
      response.destroy();
      return { status: 500, reason: message };
    }
    return sendAnswer(
      request,
      response,
      refuse(503, 'internal error; see the log of the server', { 'Retry-After': '5' }),
    );
  }
}

function loggedUrl({ url }: IncomingMessage): string | undefined {
  return url && hideToken(url).slice(0, 500);
}

const GONE: ReadonlySet<string> = new Set([
  'ECONNRESET',
  'EPIPE',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ECONNABORTED',
]);
