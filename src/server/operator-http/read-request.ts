import type { Request } from 'express';
import type { z } from 'zod';
import type { ErrorCode } from '../../api/error-table.ts';
import type { Fault } from '../../api/problem-document.ts';
import type { Route } from '../../api/route.ts';
import { ApiError } from './api-error.ts';

/** The parameters of the path; throws ApiError. */
export function readParams(route: Route, request: Request): unknown {
  return parse(route.params, request.params, 'bad_parameter');
}

/** The query; a route that has none accepts no parameters. Throws ApiError. */
export function readQuery(route: Route, request: Request): unknown {
  const names = Object.keys(request.query);
  if (route.query === undefined && names.length > 0)
    throw new ApiError('bad_query', `this path has no parameters, but the query has ${names.join(', ')}`);
  return parse(route.query, request.query, 'bad_query');
}

/** The body; throws ApiError. `bytes` is undefined if the request has none. */
export function readBody(route: Route, request: Request, bytes: Uint8Array | undefined): unknown {
  const { body: schema, bodyMedia = ['application/json'] } = route;
  if (schema === undefined) {
    if (bytes !== undefined && bytes.length > 0)
      throw new ApiError('invalid_request', 'this request has no body');
    return undefined;
  }
  if (bytes === undefined || bytes.length === 0) return parse(schema, undefined, 'invalid_request');
  const media = bodyMedia.find((one) => request.is(one) === one);
  if (media === undefined) {
    const given = request.get('content-type') ?? 'none';
    throw new ApiError(
      'unsupported_media_type',
      `the Content-Type is ${given}; this takes ${bodyMedia.join(' or ')}`,
    );
  }
  const text = decodeText(bytes);
  const value: unknown = media.endsWith('json') ? parseJson(text) : text;
  return parse(schema, value, 'invalid_request');
}

function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new ApiError('invalid_request', 'the body is not UTF-8');
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ApiError('invalid_json', (error as Error).message);
  }
}

function parse(schema: z.ZodType | undefined, value: unknown, code: ErrorCode): unknown {
  if (schema === undefined) return {};
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.map(faultOf);
  const detail = errors
    .map(({ field, message }) => (field === undefined ? message : `${field}: ${message}`))
    .join('; ');
  throw new ApiError(code, detail, { errors });
}

/** A fault as the caller sees it; in a set, with the number of the entry. */
function faultOf({ message, path }: z.core.$ZodIssue): Fault {
  const at = path.findIndex((part) => typeof part === 'number');
  const index = at >= 0 && at <= 1 ? (path[at] as number) : undefined;
  const field = path.map(String).join('.');
  return { ...(index !== undefined && { index }), ...(field !== '' && { field }), message };
}
