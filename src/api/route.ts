import type { z } from 'zod';
import type { ErrorCode } from './error-table.ts';
import type { Permission } from './permissions.ts';
import type { Unchangeable } from './schemas/values.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** One successful answer: JSON by a schema, text of a media type, or nothing at all (204). */
export interface AnswerDefinition {
  readonly description: string;
  readonly schema?: z.ZodType;
  /** Media type of an answer that is not JSON. */
  readonly media?: string;
}

/** An example for the documentation; tests check it against the schemas. */
export interface RouteExample {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly status: number;
  readonly answer?: unknown;
}

/**
 * One route of the REST API, below `/api/v1`. Express, OpenAPI, the typed client and docs/api.md are made of the table of
 * all routes.
 */
export interface Route {
  readonly method: Method;
  /** `/machines/{id}` */
  readonly path: string;
  /** Unique name: the operationId of OpenAPI, and the name of the handler and of the client's call. */
  readonly operation: string;
  /** The kind of thing that it is about: the chapter of the documentation. */
  readonly tag: string;
  /** One line. */
  readonly summary: string;
  readonly description?: string;
  /** `signed_in`: anybody with a valid token; `anyone`: without one. */
  readonly permission: Permission | 'signed_in' | 'anyone';
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** Media types of the body; `application/json` if absent. What is not JSON is passed on as text. */
  readonly bodyMedia?: readonly string[];
  /** Maximum size of the body in bytes; 1 MiB if absent. */
  readonly bodyBytesMax?: number;
  readonly answers: Readonly<Record<number, AnswerDefinition>>;
  /** The errors of its own, besides those that every route may answer with (`COMMON_ERRORS`). */
  readonly errors: readonly ErrorCode[];
  /** Whether it obeys If-Match. */
  readonly conditional?: boolean;
  readonly example: RouteExample;
}

/** Keeps the exact types of a route. */
export function defineRoute<const R extends Route>(route: R): R {
  return route;
}

/** The parameters of the path, as the handler gets them. */
export type ParamsOf<R extends Route> = R extends { params: infer S extends z.ZodType }
  ? z.output<S>
  : Record<never, never>;
/** The query, as the handler gets it. */
export type QueryOf<R extends Route> = R extends { query: infer S extends z.ZodType }
  ? z.output<S>
  : Record<never, never>;
/** The body, as the handler gets it. */
export type BodyOf<R extends Route> = R extends { body: infer S extends z.ZodType } ? z.output<S> : undefined;
/** The body of a successful answer. */
export type AnswerBodyOf<D extends AnswerDefinition> = D extends { schema: infer S extends z.ZodType }
  ? Unchangeable<z.input<S>>
  : D extends { media: string }
    ? string
    : undefined;

/** The errors that any route may answer with, beside its own. */
export function commonErrorsOf(route: Route): ErrorCode[] {
  return [
    ...(route.params === undefined ? [] : (['bad_parameter'] as const)),
    'bad_query',
    ...(route.body === undefined
      ? []
      : ([
          ...(route.bodyMedia === undefined ? (['invalid_json'] as const) : []),
          'invalid_request',
          'body_too_large',
          'unsupported_media_type',
        ] as const)),
    ...(route.permission === 'anyone' ? [] : (['unauthorized'] as const)),
    ...(route.permission === 'anyone' || route.permission === 'signed_in' ? [] : (['forbidden'] as const)),
    ...(route.permission === 'anyone' || route.method === 'GET' ? [] : (['csrf_token_required'] as const)),
    'foreign_origin',
    'not_acceptable',
    ...(route.conditional === true ? (['precondition_failed'] as const) : []),
    ...(route.method === 'POST' ? (['idempotency_in_progress', 'idempotency_mismatch'] as const) : []),
    'internal',
  ];
}
