import type { ProblemDocument } from './problem-document.ts';
import type { AnswerBodyOf, AnswerDefinition, Method, Route } from './route.ts';
import type { ROUTES, Operation } from './routes.ts';
import type { z } from 'zod';

/** A request as it is sent. */
export interface SentRequest {
  readonly method: Method;
  /** With `/api/v1` and the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** An answer as it came. */
export interface ReceivedAnswer {
  readonly status: number;
  readonly etag?: string | undefined;
  /** The parsed body if it is JSON, else its text; undefined if there is none. */
  readonly body: unknown;
}

/** Sends a request. Rejects if there is no answer. */
export type Transport = (request: SentRequest) => Promise<ReceivedAnswer>;

/** The method and path of every operation: the table of routes, or a part of it. */
export type Addresses = Readonly<Record<Operation, Pick<Route, 'method' | 'path'>>>;

type Routes = typeof ROUTES;
type InputOf<R, K extends string> = R extends { readonly [P in K]: infer S extends z.ZodType }
  ? z.input<S>
  : undefined;
type Part<K extends string, T> = [T] extends [undefined]
  ? { readonly [P in K]?: undefined }
  : undefined extends T
    ? { readonly [P in K]?: T }
    : { readonly [P in K]: T };

/** What an operation takes. */
export type CallOf<O extends Operation> = Part<'params', InputOf<Routes[O], 'params'>> & {
  readonly query?: InputOf<Routes[O], 'query'>;
  readonly body?: InputOf<Routes[O], 'body'>;
  /** Only if it is still as the answer with this ETag said. */
  readonly ifMatch?: string;
  readonly idempotencyKey?: string;
};

type Definitions<O extends Operation> = Routes[O]['answers'];
/** What an operation answers with. */
export type ResultOf<O extends Operation> = {
  [S in keyof Definitions<O>]: Definitions<O>[S] extends AnswerDefinition
    ? AnswerBodyOf<Definitions<O>[S]>
    : never;
}[keyof Definitions<O>];

/** The server refused a request, and says why. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  readonly problem: ProblemDocument;

  constructor(problem: ProblemDocument) {
    super(problem.detail ?? problem.title);
    this.problem = problem;
  }
}

/** The REST API, with the types of its routes. */
export class ApiClient {
  readonly #transport: Transport;
  readonly #addresses: Addresses;

  constructor(transport: Transport, addresses: Addresses) {
    this.#transport = transport;
    this.#addresses = addresses;
  }

  /** Carries out an operation. Rejects with ApiProblem if the server refuses it, and as the transport does. */
  async call<O extends Operation>(operation: O, call: CallOf<O>): Promise<ResultOf<O>> {
    return (await this.callWithTag(operation, call)).result;
  }

  /** The same with the ETag of the answer. */
  async callWithTag<O extends Operation>(
    operation: O,
    call: CallOf<O>,
  ): Promise<{ readonly result: ResultOf<O>; readonly etag?: string | undefined }> {
    const { method, path } = this.#addresses[operation];
    const { body, idempotencyKey, ifMatch, params, query } = call as AnyCall;
    const {
      status,
      body: answered,
      etag,
    } = await this.#transport({
      method,
      path: `/api/v1${fillPath(path, params ?? {})}${queryText(query ?? {})}`,
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(ifMatch !== undefined && { 'if-match': ifMatch }),
        ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    if (status >= 400) throw new ApiProblem(problemOf(status, answered));
    return { result: answered as ResultOf<O>, etag };
  }
}

interface AnyCall {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
  readonly ifMatch?: string;
  readonly idempotencyKey?: string;
}

function fillPath(path: string, params: Readonly<Record<string, string>>): string {
  return path.replaceAll(/\{(\w+)\}/g, (_whole, name: string) => encodeURIComponent(params[name] ?? ''));
}

function queryText(query: Readonly<Record<string, unknown>>): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value])
      .filter((one) => one !== undefined)
      .map((one) => `${encodeURIComponent(name)}=${encodeURIComponent(String(one))}`),
  );
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

/** What the server said, or that it said nothing that this client understands. */
function problemOf(status: number, body: unknown): ProblemDocument {
  if (typeof body === 'object' && body !== null && 'code' in body) return body as ProblemDocument;
  return {
    type: 'about:blank',
    code: 'internal',
    status,
    title: `The answer has the status ${status} and no explanation; is this the API of Railhead?`,
  };
}
