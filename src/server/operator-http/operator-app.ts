import express, { type ErrorRequestHandler, type Express, type Request, type Response } from 'express';
import helmet from 'helmet';
import type { Logger } from 'pino';
import type { Readiness } from '../../host/readiness.ts';
import type { Actor } from '../../control/actor.ts';
import { sendProblem } from '../http/send-problem.ts';
import { ApiError } from './api-error.ts';
import { bindRoutes, type BoundRoute } from './bind-routes.ts';
import type { Idempotency } from './idempotency.ts';
import type { RefusalAudit } from './refusal-audit.ts';

/** What the application of the operator plane depends on. */
export interface OperatorAppParts {
  readonly routes: readonly BoundRoute[];
  /** Who sends a request; throws ApiError if that cannot be told or is not permitted. */
  readonly authenticate: (request: Request) => Actor;
  /** Why the origin of a request is not allowed; undefined if it is. */
  readonly refuseOrigin: (request: Request) => string | undefined;
  readonly readiness: () => Readiness;
  /** All metrics, in the text format of Prometheus. */
  readonly metrics: () => Promise<MetricsAnswer>;
  /** Called when a request was answered, or its client has gone: the operation, `none` without one. */
  readonly onAnswered?: (operation: string, status: number, ms: number) => void;
  /** Records what was refused. */
  readonly auditRefusal: RefusalAudit['note'];
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  readonly idempotency: Idempotency;
  /** Whether every answer is compared with its schema; for tests. */
  readonly checkAnswers: boolean;
  /** Makes the ids of requests. */
  readonly newId: () => string;
  readonly log: Logger;
}

/** What is sent to whoever collects metrics. */
export interface MetricsAnswer {
  readonly contentType: string;
  readonly text: string;
}

/** A client that went away before it had its answer. */
const CLIENT_GONE = 499;

/** The operator plane as an Express application, for TCP and for the Unix socket. */
export function operatorApp(parts: OperatorAppParts): Express {
  const { nowMs, readiness } = parts;
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  app.use(helmet());
  app.use((_request, response, next) => {
    const requestId = parts.newId();
    response.locals.requestId = requestId;
    response.set('X-Request-ID', requestId);
    response.set('Cache-Control', 'no-store');
    const startedMs = nowMs();
    response.once('close', () => {
      const status = response.writableFinished ? response.statusCode : CLIENT_GONE;
      parts.onAnswered?.(operationOf(response), status, nowMs() - startedMs);
    });
    next();
  });
  app.get('/healthz', (_request, response) => {
    response.type('text/plain').send('ok\n');
  });
  app.get('/readyz', (request, response) => {
    const { parts, ready, reasons } = readiness();
    response.status(ready ? 200 : 503);
    if (request.accepts(['text/plain', 'application/json']) === 'application/json') {
      response.json({
        ready,
        reasons,
        parts: parts.map((one) => ({ ...one, ready: one.reasons.length === 0 })),
      });
    } else {
      response.type('text/plain').send(ready ? 'ready\n' : `${reasons.join('\n')}\n`);
    }
  });
  app.use((request, _response, next) => {
    const refused = parts.refuseOrigin(request);
    if (refused !== undefined) throw new ApiError('foreign_origin', refused);
    next();
  });
  app.get('/metrics', async (request, response) => {
    const { name, permissions } = parts.authenticate(request);
    if (!permissions.has('metrics:read'))
      throw new ApiError('forbidden', `${name} lacks the permission metrics:read`);
    const { contentType, text } = await parts.metrics();
    response.type(contentType).send(text);
  });
  bindRoutes(app, parts.routes, parts);
  app.use((request) => {
    // Whoever has no token learns nothing of the paths.
    parts.authenticate(request);
    throw new ApiError('no_such_path', request.path);
  });
  app.use(answerErrors(parts));
  return app;
}

function operationOf({ locals }: Response): string {
  return (locals.operation as string | undefined) ?? 'none';
}

function answerErrors({ auditRefusal, log }: OperatorAppParts): ErrorRequestHandler {
  return (error: unknown, request, response, _next) => {
    const requestId = response.locals.requestId as string;
    const known = knownError(error);
    if (known === undefined)
      log.error(
        { err: error, requestId, method: request.method, path: request.path },
        'operator request failed',
      );
    if (known !== undefined) {
      auditRefusal({
        actor: response.locals.actor as Actor | undefined,
        address: request.socket.remoteAddress ?? '',
        requestId,
        method: request.method,
        path: request.path,
        operation: response.locals.operation as string | undefined,
        error: known,
      });
    }
    if (response.headersSent) {
      response.destroy();
      return;
    }
    if (known?.code === 'unauthorized') response.set('WWW-Authenticate', 'Bearer');
    sendProblem(response, known?.code ?? 'internal', known?.message, {
      ...known?.members,
      request_id: requestId,
    });
  };
}

/** Errors of Express and its body parser that the client can do something about, as errors of our table. */
function knownError(error: unknown): ApiError | undefined {
  if (error instanceof ApiError) return error;
  const { limit, message, status, type } = error as Error & {
    status?: number;
    type?: string;
    limit?: number;
  };
  if (type === 'entity.too.large')
    return new ApiError('body_too_large', `this takes at most ${limit ?? 0} bytes`);
  if (error instanceof URIError || type === 'encoding.unsupported' || (status !== undefined && status < 500))
    return new ApiError('invalid_request', message);
  return undefined;
}
