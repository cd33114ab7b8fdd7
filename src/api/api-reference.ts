import { z } from 'zod';
import { ERROR_TABLE, type ErrorCode } from './error-table.ts';
import type { Route } from './route.ts';

/** One field of a body or one parameter, for people. */
export interface FieldLine {
  readonly name: string;
  /** `text`, `number from 1 to 1000`, `one of a, b`. */
  readonly form: string;
  readonly required: boolean;
  readonly description: string;
}

/** One route, for people. */
export interface RouteReference {
  readonly operation: string;
  readonly summary: string;
  readonly description?: string;
  readonly method: string;
  /** With `/api/v1`. */
  readonly path: string;
  readonly permission: string;
  readonly parameters: readonly FieldLine[];
  readonly body: readonly FieldLine[];
  readonly errors: readonly { readonly code: ErrorCode; readonly status: number; readonly title: string }[];
  readonly example: {
    /** With the values of the example. */
    readonly path: string;
    readonly body?: unknown;
    readonly status: number;
    readonly answer?: unknown;
  };
}

/** The routes by their tags, in the order of the table. */
export function apiReference(routes: readonly Route[]): ReadonlyMap<string, readonly RouteReference[]> {
  const chapters = new Map<string, RouteReference[]>();
  for (const route of routes) {
    const known = chapters.get(route.tag);
    if (known === undefined) chapters.set(route.tag, [referenceOf(route)]);
    else known.push(referenceOf(route));
  }
  return chapters;
}

function referenceOf(route: Route): RouteReference {
  const { body, description, errors, example, method, operation, params, path, permission, query, summary } =
    route;
  return {
    operation,
    summary,
    ...(description !== undefined && { description }),
    method,
    path: `/api/v1${path}`,
    permission,
    parameters: [...linesOf(params), ...linesOf(query)],
    body: linesOf(body),
    errors: errors.map((code) => ({ code, ...ERROR_TABLE[code] })),
    example: {
      path: examplePath(route),
      status: example.status,
      ...(example.body !== undefined && { body: example.body }),
      ...(example.answer !== undefined && { answer: example.answer }),
    },
  };
}

function examplePath({ example, path }: Route): string {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_whole, name: string) =>
    encodeURIComponent(example.params?.[name] ?? name),
  );
  const query = new URLSearchParams(example.query).toString();
  return `/api/v1${filled}${query === '' ? '' : `?${query}`}`;
}

interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly $ref?: string;
}

function linesOf(schema: z.ZodType | undefined): FieldLine[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
  }) as JsonSchema;
  return Object.entries(properties).map(([name, field]) => ({
    name,
    form: formOf(field),
    required: required.includes(name),
    description: field.description ?? '',
  }));
}

function formOf(schema: JsonSchema): string {
  const alternatives = schema.anyOf ?? schema.oneOf;
  if (alternatives !== undefined) {
    const [one, list] = alternatives.map(formOf);
    if (alternatives.length === 2 && list === `list of ${one ?? ''}`) return `${one ?? ''}; may be repeated`;
    return [...new Set(alternatives.map(formOf))].join(' or ');
  }
  if (schema.enum !== undefined) return `one of ${schema.enum.map(String).join(', ')}`;
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  switch (schema.type) {
    case 'array':
      return `list of ${formOf(schema.items ?? {})}`;
    case 'integer':
    case 'number': {
      const { maximum, minimum } = schema;
      const from = minimum === undefined || minimum <= Number.MIN_SAFE_INTEGER ? '' : ` from ${minimum}`;
      return `number${from}${maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER ? '' : ` to ${maximum}`}`;
    }
    case 'string':
      return 'text';
    case 'boolean':
      return 'true or false';
    case 'object':
      return 'object';
    case 'null':
      return 'null';
    default:
      return 'JSON';
  }
}
