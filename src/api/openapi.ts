import { z } from 'zod';
import { ERROR_TABLE, type ErrorCode } from './error-table.ts';
import { problemSchema } from './problem-document.ts';
import { commonErrorsOf, type Route } from './route.ts';

type Json = Record<string, unknown>;

/**
 * The OpenAPI 3.1 document of these routes. `version` is that of the program. `pause` is called after each route, of
 * which one takes a millisecond or two.
 */
export async function openApiDocument(
  routes: readonly Route[],
  version: string,
  pause: () => Promise<unknown>,
): Promise<Json> {
  const components = new Components();
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    await pause();
    const path = (paths[route.path] ??= {});
    path[route.method.toLowerCase()] = operationOf(route, components);
  }
  const problem = components.refer(problemSchema, 'output');
  return {
    openapi: '3.1.0',
    info: {
      title: 'Railhead',
      version,
      description:
        'The API of the operator plane. Lists are pages: pass `next_cursor` as `cursor` for the next one. Errors are problem documents (RFC 9457) with a stable `code`.',
    },
    servers: [{ url: '/api/v1' }],
    security: [{ token: [] }],
    paths,
    components: {
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          description: 'The token of `operator.token`, or of the file that `operator.token_file` names.',
        },
      },
      responses: {
        Problem: { description: 'An error.', content: { 'application/problem+json': { schema: problem } } },
      },
      schemas: components.schemas,
    },
  };
}

function operationOf(route: Route, components: Components): Json {
  const { answers, body, bodyMedia = ['application/json'], operation, permission, summary, tag } = route;
  return {
    operationId: operation,
    tags: [tag],
    summary,
    ...(route.description !== undefined && { description: route.description }),
    ...(permission === 'anyone' ? { security: [] } : { 'x-permission': permission }),
    parameters: [
      ...parametersOf(route.params, 'path', components),
      ...parametersOf(route.query, 'query', components),
      ...headersOf(route),
    ],
    ...(body !== undefined && {
      requestBody: {
        required: !body.safeParse(undefined).success,
        content: Object.fromEntries(
          bodyMedia.map((media) => [media, { schema: components.refer(body, 'input') }]),
        ),
      },
    }),
    responses: {
      ...Object.fromEntries(
        Object.entries(answers).map(([status, { description, media, schema }]) => [
          status,
          {
            description,
            ...(schema !== undefined && {
              content: { 'application/json': { schema: components.refer(schema, 'output') } },
            }),
            ...(media !== undefined && { content: { [media]: { schema: { type: 'string' } } } }),
          },
        ]),
      ),
      ...errorsOf(route),
    },
  };
}

/** The errors by status, each with its codes and what to do. */
function errorsOf(route: Route): Record<string, Json> {
  const codes = new Map<number, ErrorCode[]>();
  for (const code of [...commonErrorsOf(route), ...route.errors]) {
    const { status } = ERROR_TABLE[code];
    const known = codes.get(status);
    if (known === undefined) codes.set(status, [code]);
    else if (!known.includes(code)) known.push(code);
  }
  return Object.fromEntries(
    [...codes].map(([status, names]) => [
      String(status),
      {
        description: names.map((code) => `\`${code}\`: ${ERROR_TABLE[code].title}.`).join(' '),
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    ]),
  );
}

function parametersOf(
  schema: z.ZodObject | undefined,
  place: 'path' | 'query',
  components: Components,
): Json[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = components.inline(schema, 'input') as {
    properties?: Record<string, Json>;
    required?: readonly string[];
  };
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    ...(description !== undefined && { description }),
    schema: repeatable(rest),
  }));
}

/** A parameter that may be repeated is a list, of which one value alone is a form that needs no mention. */
function repeatable(schema: Json): Json {
  const { anyOf } = schema as { anyOf?: readonly Json[] };
  const list = anyOf?.[1];
  return anyOf?.length === 2 && list?.type === 'array' ? list : schema;
}

function headersOf(route: Route): Json[] {
  const header = (name: string, description: string): Json => ({
    name,
    in: 'header',
    required: false,
    description,
    schema: { type: 'string' },
  });
  return [
    ...(route.conditional === true
      ? [header('If-Match', 'Only if the ETag is still this one; else `precondition_failed`.')]
      : []),
    ...(route.method === 'POST'
      ? [header('Idempotency-Key', 'A request that is repeated with the same key has no second effect.')]
      : []),
  ];
}

/** The schemas that have an id, each once. */
class Components {
  readonly schemas: Json = {};

  /** A schema, with those of an id replaced by references. */
  refer(schema: z.ZodType, io: 'input' | 'output'): Json {
    const { $schema: _dialect, ...all } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Json;
    const { $defs = {}, id, ...own } = referring(all) as { $defs?: Record<string, Json>; id?: string } & Json;
    for (const [name, definition] of Object.entries($defs)) {
      const { id: _id, ...rest } = definition;
      this.schemas[name] = rest;
    }
    if (id === undefined) return own;
    this.schemas[id] = own;
    return { $ref: `#/components/schemas/${id}` };
  }

  /** The schema itself. */
  inline(schema: z.ZodType, io: 'input' | 'output'): Json {
    const { $schema: _dialect, ...all } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Json;
    return all;
  }
}

/** The same with references to the components of the document in place of those to definitions of one schema. */
function referring(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(referring);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [
      key,
      key === '$ref' && typeof one === 'string'
        ? one.replace('#/$defs/', '#/components/schemas/')
        : referring(one),
    ]),
  );
}
