import express, { type Express, type Request, type Response } from 'express';
import { z } from 'zod';
import type { Method, Route } from '../../api/route.ts';
import type { Actor } from '../../control/actor.ts';
import { ApiError } from './api-error.ts';
import { parseEntityTags } from './conditional-requests.ts';
import type { Answer, Call, CallContext, Handler } from './handler.ts';
import type { Idempotency } from './idempotency.ts';
import { readBody, readParams, readQuery } from './read-request.ts';

/** Where the API is. */
export const API_PREFIX = '/api/v1';
const BODY_BYTES_MAX = 1024 * 1024;

/** A route and what carries it out. */
export interface BoundRoute {
  readonly route: Route;
  readonly handler: Handler<Route>;
}

/** What binding depends on. */
export interface BindingParts {
  /** Who sends the request; throws ApiError if that cannot be told or is not permitted. */
  readonly authenticate: (request: Request) => Actor;
  readonly idempotency: Idempotency;
  /** Whether every answer is compared with its schema, as tests do; costs time. */
  readonly checkAnswers: boolean;
}

/** An answer as handlers return it, before its type is known. */
interface AnyAnswer {
  readonly status: number;
  readonly body?: unknown;
  readonly etag?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Adds routes to an Express application. Every request passes the same steps: who, permission, form of the answer, parts
 * of the request, the handler. Errors are thrown on to the application's error handler.
 */
export function bindRoutes(app: Express, routes: readonly BoundRoute[], parts: BindingParts): void {
  const byPath = new Map<string, BoundRoute[]>();
  for (const bound of routes) {
    const known = byPath.get(bound.route.path);
    if (known === undefined) byPath.set(bound.route.path, [bound]);
    else known.push(bound);
  }
  for (const [path, bounds] of byPath) {
    const bound = app.route(`${API_PREFIX}${path.replaceAll(/\{(\w+)\}/g, ':$1')}`);
    const allowed = allowedMethods(bounds.map(({ route }) => route.method));
    for (const one of bounds) bound[verbOf(one.route.method)](...handle(one, parts));
    bound.options((_request, response) => {
      response.set('Allow', allowed).status(204).end();
    });
    bound.all((request, response) => {
      parts.authenticate(request);
      response.set('Allow', allowed);
      throw new ApiError('method_not_allowed', `${request.method} is not; ${allowed} are`);
    });
  }
}

function verbOf(method: Method): 'get' | 'post' | 'put' | 'patch' | 'delete' {
  return method.toLowerCase() as 'get';
}

function allowedMethods(methods: readonly Method[]): string {
  const all = methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
  return [...all, 'OPTIONS'].join(', ');
}

function handle(bound: BoundRoute, parts: BindingParts): express.RequestHandler[] {
  const { route } = bound;
  const identify: express.RequestHandler = (request, response, next) => {
    response.locals.operation = route.operation;
    const actor = actorOf(route, request, response, parts);
    // Known also if it is refused, so that the audit can name it.
    response.locals.actor = actor;
    admit(route, request, actor);
    next();
  };
  const read =
    route.body === undefined
      ? []
      : [express.raw({ type: () => true, limit: route.bodyBytesMax ?? BODY_BYTES_MAX })];
  const carryOut: express.RequestHandler = async (request, response) => {
    const actor = response.locals.actor as Actor;
    const answered = await onceForKey(route, request, actor, parts.idempotency, () =>
      run(bound, request, response, actor),
    );
    if ('stream' in answered) await answered.stream(response);
    else send(route, request, response, answered, parts.checkAnswers);
  };
  return [identify, ...read, carryOut];
}

/** Who makes the request. Throws ApiError if that cannot be told. */
function actorOf(route: Route, request: Request, response: Response, parts: BindingParts): Actor {
  const requestId = response.locals.requestId as string;
  if (route.permission === 'anyone') return { name: 'anyone', permissions: new Set(), requestId };
  return { ...parts.authenticate(request), requestId };
}

/** Throws ApiError if the actor may not do this, or does not accept what would be answered. */
function admit(route: Route, request: Request, actor: Actor): void {
  const { permission } = route;
  if (permission !== 'anyone' && permission !== 'signed_in' && !actor.permissions.has(permission))
    throw new ApiError('forbidden', `${actor.name} lacks the permission ${permission}`);
  const media = mediaOf(route);
  if (media.length > 0 && request.accepts([...media]) === false)
    throw new ApiError('not_acceptable', `the answer is ${media.join(' or ')}`);
}

function mediaOf({ answers }: Route): readonly string[] {
  return [
    ...new Set(
      Object.values(answers).flatMap(({ media, schema }) =>
        media !== undefined ? [media] : schema !== undefined ? ['application/json'] : [],
      ),
    ),
  ];
}

/** Carries out a POST that has an Idempotency-Key only once. */
async function onceForKey(
  { method }: Route,
  request: Request,
  actor: Actor,
  idempotency: Idempotency,
  work: () => Promise<Answer<Route>>,
): Promise<Answer<Route>> {
  const key = request.get('idempotency-key');
  if (key === undefined || method !== 'POST') return work();
  const content = [method, request.originalUrl, bytesOf(request) ?? ''];
  return idempotency.once({ key, actor: actor.name, content }, work);
}

function bytesOf(request: Request): Uint8Array | undefined {
  return Buffer.isBuffer(request.body) ? request.body : undefined;
}

async function run(
  { handler, route }: BoundRoute,
  request: Request,
  response: Response,
  actor: Actor,
): Promise<Answer<Route>> {
  // The parts were parsed by the schemas of the same route.
  const call = {
    params: readParams(route, request),
    query: readQuery(route, request),
    body: readBody(route, request, bytesOf(request)),
    actor,
    context: contextOf(request, response),
  } as unknown as Call<Route>;
  return handler(call);
}

function send(
  route: Route,
  request: Request,
  response: Response,
  { body, etag, headers, status }: AnyAnswer,
  checkAnswers: boolean,
): void {
  const definition = route.answers[status];
  if (definition === undefined) throw new Error(`${route.operation} has no answer ${status}`);
  response.status(status);
  for (const [name, value] of Object.entries(headers ?? {})) response.set(name, value);
  if (etag !== undefined) {
    response.set('ETag', `W/"${etag}"`);
    const known = request.get('if-none-match');
    const tags = known === undefined ? undefined : parseEntityTags(known);
    if (status === 200 && request.method !== 'POST' && (tags === '*' || tags?.includes(etag) === true)) {
      response.status(304).end();
      return;
    }
  }
  if (definition.media !== undefined) {
    response.type(definition.media).send(body);
  } else if (definition.schema !== undefined) {
    if (checkAnswers) checkAnswer(route, definition.schema, body);
    response.type('application/json').send(JSON.stringify(body));
  } else {
    response.end();
  }
}

/** Throws if an answer is not what its route promises. */
function checkAnswer({ operation }: Route, schema: z.ZodType, body: unknown): void {
  // As the client gets it: without the fields that JSON leaves out.
  const parsed = schema.safeParse(JSON.parse(JSON.stringify(body)) as unknown);
  if (!parsed.success)
    throw new Error(`the answer of ${operation} is not of its schema: ${z.prettifyError(parsed.error)}`);
}

function contextOf(request: Request, response: Response): CallContext {
  const ifMatch = request.get('if-match');
  const tags = ifMatch === undefined ? undefined : parseEntityTags(ifMatch);
  if (ifMatch !== undefined && tags === undefined)
    throw new ApiError('precondition_failed', 'If-Match has no entity tags, as in W/"42"');
  const lastEventId = request.get('last-event-id');
  const closed = new AbortController();
  response.once('close', () => closed.abort());
  return {
    requestId: response.locals.requestId as string,
    ...(tags !== undefined && { ifMatch: tags }),
    address: request.socket.remoteAddress ?? '',
    isEncrypted: request.secure,
    accept: request.get('accept') ?? '',
    signal: closed.signal,
    ...(lastEventId !== undefined && { lastEventId }),
  };
}
