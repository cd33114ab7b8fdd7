import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import express, { type ErrorRequestHandler, type Request, type RequestHandler, type Response } from 'express';
import helmet from 'helmet';
import type { Logger } from 'pino';
import type { ZodError } from 'zod';
import { eventQuerySchema } from '../../api/event-query.ts';
import { sessionQuerySchema } from '../../api/session-query.ts';
import type { CatalogStatus } from '../../catalog/catalog-status.ts';
import type { Endpoint } from '../../protocol/endpoint.ts';
import type { Lease } from '../../provision/dhcp/leases/lease.ts';
import type { MachineRecordView } from '../../machines/machine-registry.ts';
import { type Ipv4Address, parseIpv4 } from '../../protocol/ipv4-address.ts';
import type { MacAddress } from '../../protocol/mac-address.ts';
import type { BootSessionStore } from '../../store/boot-session-store.ts';
import type { DiscoveredMachineStore } from '../../store/discovered-machine-store.ts';
import type { EventStore } from '../../store/event-store.ts';
import type { Counters } from '../../limits/counters.ts';
import type { Readiness } from '../../host/readiness.ts';
import { listenHttp } from '../../host/listen-http.ts';
import { RequestTurns } from '../http/request-turns.ts';
import { sendProblem } from '../http/send-problem.ts';
import { viewMachine } from './machine-view.ts';
import type { NetworkView } from './network-view.ts';
import { refuseOrigin } from './request-origin.ts';
import { sendList } from './send-list.ts';

/** What the operator plane shows and changes. */
export interface OperatorHttpParts {
  readonly catalogStatus: () => CatalogStatus;
  readonly machines: () => Iterable<MachineRecordView>;
  /** The group that selects a machine without a record; undefined if none does. */
  readonly groupOfDiscovered: (mac: MacAddress) => string | undefined;
  /** The current leases: one whose time has passed is listed as expired. */
  readonly leases: () => Promise<Iterable<Lease>>;
  /** Ends the lease of an address. not_stored: it has ended, but a restart may restore it. */
  readonly endLease: (address: Ipv4Address) => Promise<'ended' | 'no_lease' | 'not_stored'>;
  /** The current offers. */
  readonly networks: () => readonly NetworkView[];
  readonly events: Pick<EventStore, 'listEvents'>;
  readonly sessions: Pick<BootSessionStore, 'listSessions'>;
  readonly discovered: Pick<DiscoveredMachineStore, 'listDiscovered'>;
  readonly counters: Counters;
  /** The current bearer token, which every request except health checks must have. */
  readonly token: () => string;
  /** Names of this server, besides addresses and `localhost`. */
  readonly hosts: readonly string[];
  /** Whether machines can be served and, if not, the reason. */
  readonly readiness: () => Readiness;
  readonly log: Logger;
}

/** The limit is for people and programs, not machines. */
const CONNECTIONS_MAX = 500;
/** How long a client may neither send nor receive anything. */
const STALL_MS = 120_000;

/** The operator plane: the interface for people and programs, on a separate listener. */
export class OperatorHttpServer {
  readonly #server: Server;

  constructor(parts: OperatorHttpParts) {
    this.#server = createServer(new RequestTurns(buildApp(parts)).take);
    this.#server.maxConnections = CONNECTIONS_MAX;
    this.#server.setTimeout(STALL_MS);
  }

  /** Starts to listen, and returns the address. Rejects with an Error that names the port and the cause. */
  listen(wanted: Endpoint): Promise<Endpoint> {
    return listenHttp(this.#server, 'operator.listen', wanted);
  }

  /** Stops listening and ends all connections. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }
}

function buildApp(parts: OperatorHttpParts): express.Express {
  const app = express();
  app.disable('x-powered-by');
  app.set('query parser', 'simple');
  app.use(helmet());
  app.get('/healthz', (_request, response) => {
    response.type('text/plain').send('ok\n');
  });
  app.get('/readyz', (_request, response) => {
    const { ready, reasons } = parts.readiness();
    response
      .status(ready ? 200 : 503)
      .type('text/plain')
      .send(ready ? 'ready\n' : `${reasons.join('\n')}\n`);
  });
  app.use((request, response, next) => {
    const refused = refuseOrigin(request.headers, parts.hosts);
    if (refused === undefined) next();
    else sendProblem(response, 'foreign_origin', refused);
  });
  app.use(requireToken(parts.token));
  app.get('/api/v1/catalog', (_request, response) => {
    response.json(parts.catalogStatus());
  });
  app.get('/api/v1/machines', async (_request, response) => {
    response.json({
      declared: [...parts.machines()].map(viewMachine),
      discovered: (await parts.discovered.listDiscovered()).map((machine) => {
        const group = parts.groupOfDiscovered(machine.mac);
        return { ...machine, ...(group !== undefined && { group }) };
      }),
    });
  });
  app.get('/api/v1/leases', async (_request, response) => {
    await sendList(response, 'leases', await parts.leases());
  });
  app.delete('/api/v1/leases/:address', async (request, response) => {
    const address = parseIpv4(request.params.address);
    if (address === undefined) {
      sendProblem(response, 'bad_address', 'Name the address as in 10.0.1.23.');
      return;
    }
    switch (await parts.endLease(address)) {
      case 'ended':
        response.status(204).end();
        return;
      case 'no_lease':
        sendProblem(response, 'not_found', `${address} has no lease`);
        return;
      case 'not_stored':
        sendProblem(
          response,
          'not_stored',
          `the lease of ${address} has ended, but this could not be saved: it may come back when the server restarts`,
        );
    }
  });
  app.get('/api/v1/networks', (_request, response) => {
    response.json({ networks: parts.networks() });
  });
  app.get('/api/v1/events', async (request, response) => {
    const query = eventQuerySchema.safeParse(request.query);
    if (!query.success) {
      sendProblem(response, 'bad_query', faultsOf(query.error));
      return;
    }
    const { after, kind, limit, mac } = query.data;
    const events = await parts.events.listEvents({
      limit,
      ...(after !== undefined && { afterId: after }),
      ...(kind !== undefined && { kind }),
      ...(mac !== undefined && { mac }),
    });
    response.json({ events, next: events.at(-1)?.id ?? after ?? 0 });
  });
  app.get('/api/v1/sessions', async (request, response) => {
    const query = sessionQuerySchema.safeParse(request.query);
    if (!query.success) {
      sendProblem(response, 'bad_query', faultsOf(query.error));
      return;
    }
    const { limit, machine, phase, verdict } = query.data;
    const sessions = await parts.sessions.listSessions({
      limit,
      ...(machine !== undefined && { machineId: machine }),
      ...(phase !== undefined && { phase }),
      ...(verdict !== undefined && { verdict }),
    });
    response.json({ sessions });
  });
  app.get('/api/v1/counters', (_request, response) => {
    const families = [...parts.counters.list()].map(([family, labels]) => [
      family,
      Object.fromEntries(labels),
    ]);
    response.json(Object.fromEntries(families));
  });
  app.use((request: Request, response: Response) => {
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    const allowed = request.path.startsWith('/api/v1/leases/') ? 'DELETE' : 'GET, HEAD';
    if (!isRead) response.set('Allow', allowed);
    sendProblem(response, isRead ? 'not_found' : 'method_not_allowed', request.path);
  });
  const onError: ErrorRequestHandler = (error: unknown, _request, response, _next) => {
    parts.log.error({ err: error }, 'operator request failed');
    if (response.headersSent) response.destroy();
    else sendProblem(response, 'internal');
  };
  app.use(onError);
  return app;
}

function faultsOf({ issues }: ZodError): string {
  return issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
}

function requireToken(token: () => string): RequestHandler {
  return (request, response, next) => {
    const given = /^Bearer (\S+)$/.exec(request.get('authorization') ?? '')?.[1];
    // Digests have equal length, so that the comparison reveals nothing about the token.
    if (given !== undefined && timingSafeEqual(digest(given), digest(token()))) {
      next();
      return;
    }
    response.set('WWW-Authenticate', 'Bearer');
    sendProblem(response, 'unauthorized');
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
