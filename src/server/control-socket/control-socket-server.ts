import { createServer, type Server } from 'node:http';
import express, { type ErrorRequestHandler, type Request, type Response } from 'express';
import type { Logger } from 'pino';
import { ownerActor } from '../../control/actor.ts';
import type { ControlOutcome, MachineControl } from '../../control/machine-control.ts';
import { sendProblem } from '../http/send-problem.ts';
import { listenOnSocket } from './listen-socket.ts';

/** What the control socket depends on. */
export interface ControlSocketParts {
  readonly control: Pick<MachineControl, 'list' | 'run' | 'show'>;
  readonly log: Logger;
}

/** The header in which the command line says who uses it; whoever can open the socket may do everything. */
export const USER_HEADER = 'railhead-user';
const CONNECTIONS_MAX = 100;
const BODY_LIMIT = '64kb';

/**
 * The verbs for machines, over HTTP on a Unix socket that only the owner of the service can open. It has the paths and
 * words of the REST API.
 */
export class ControlSocketServer {
  readonly #server: Server;

  constructor(parts: ControlSocketParts) {
    this.#server = createServer(buildApp(parts));
    this.#server.maxConnections = CONNECTIONS_MAX;
  }

  /** Starts to listen. Rejects with an Error that names the setting, the file and the cause. */
  listen(file: string): Promise<void> {
    return listenOnSocket(this.#server, 'operator.socket', file);
  }

  /** Stops listening, and ends all connections. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }
}

function buildApp({ control, log }: ControlSocketParts): express.Express {
  const app = express();
  app.disable('x-powered-by');
  app.use(express.json({ limit: BODY_LIMIT }));
  app.get('/api/v1/machines', async (_request, response) => {
    response.json({ items: await control.list() });
  });
  app.get('/api/v1/machines/:id', async (request, response) => {
    const { id } = request.params;
    const machine = await control.show(id);
    if (machine === undefined) sendProblem(response, 'not_found', `there is no machine ${id}`);
    else response.json(machine);
  });
  app.post('/api/v1/machines/:id/:verb', async (request, response) => {
    const { id, verb } = request.params;
    sendOutcome(
      response,
      await control.run({ verb, machineId: id, input: request.body as unknown, actor: actorOf(request) }),
    );
  });
  app.delete('/api/v1/machines/:id', async (request, response) => {
    const { id } = request.params;
    const { reason } = request.query;
    const input = typeof reason === 'string' ? { reason } : {};
    sendOutcome(
      response,
      await control.run({ verb: 'delete', machineId: id, input, actor: actorOf(request) }),
    );
  });
  app.use((request: Request, response: Response) => sendProblem(response, 'not_found', request.path));
  const onError: ErrorRequestHandler = (error: unknown, _request, response, _next) => {
    const { message, status = 500 } = error as Error & { status?: number };
    if (status < 500) {
      sendProblem(response, 'invalid_request', message);
      return;
    }
    log.error({ err: error }, 'a request on the control socket failed');
    if (response.headersSent) response.destroy();
    else sendProblem(response, 'internal');
  };
  app.use(onError);
  return app;
}

function actorOf(request: Request) {
  const user = (request.get(USER_HEADER) ?? '').replace(/[^\w.@-]/g, '').slice(0, 64);
  return ownerActor(`socket:${user === '' ? 'owner' : user}`);
}

function sendOutcome(response: Response, outcome: ControlOutcome): void {
  switch (outcome.kind) {
    case 'done':
      response.json(outcome.machine);
      return;
    case 'deleted':
      response.status(204).end();
      return;
    case 'not_found':
      sendProblem(response, 'not_found', outcome.reason);
      return;
    case 'invalid':
      sendProblem(response, 'invalid_request', outcome.reason);
      return;
    case 'denied':
      sendProblem(response, 'forbidden', outcome.reason);
      return;
    case 'refused':
      sendProblem(response, 'invalid_transition', outcome.reason, { allowed: outcome.allowed });
      return;
    case 'not_stored':
      sendProblem(response, 'not_stored', outcome.reason);
  }
}
