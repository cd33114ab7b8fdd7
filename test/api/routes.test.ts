import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { apiDocument } from '../../scripts/api-document.ts';
import { ERROR_TABLE } from '../../src/api/error-table.ts';
import { openApiDocument } from '../../src/api/openapi.ts';
import { commonErrorsOf, type Route } from '../../src/api/route.ts';
import { ROUTES } from '../../src/api/routes.ts';

const ALL: readonly (readonly [string, Route])[] = Object.entries(ROUTES);
const read = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');

describe.each(ALL)('%s', (name, route) => {
  const { answers, body, example, operation, params, path, query } = route;

  test('has its own name', () => {
    expect(operation).toBe(name);
  });

  test('has a schema for the parts of its path, and no other', () => {
    const named = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
    expect(Object.keys(params?.shape ?? {})).toEqual(named);
  });

  test('has an example that its own schemas accept', () => {
    const problems = [
      params?.safeParse(example.params ?? {}).error,
      query?.safeParse(example.query ?? {}).error,
      body?.safeParse(example.body).error,
      answers[example.status]?.schema?.safeParse(example.answer).error,
    ];
    expect(problems.filter((problem) => problem !== undefined)).toEqual([]);
    expect(answers[example.status]).toBeDefined();
    if (query === undefined) expect(example.query).toBeUndefined();
    if (body === undefined) expect(example.body).toBeUndefined();
  });

  test('refuses parameters that it does not know', () => {
    for (const schema of [params, query]) {
      if (schema === undefined) continue;
      const parsed = schema.safeParse({ ...example.params, ...example.query, colour: 'red' });
      expect(parsed.success).toBe(false);
    }
  });
});

test('no two routes have the same method and path', () => {
  const places = ALL.map(([, { method, path }]) => `${method} ${path.replaceAll(/\{\w+\}/g, '{}')}`);
  expect(places.toSorted()).toEqual([...new Set(places)].sort());
});

test('every error of the table is an answer of some route, or of a path without one', () => {
  const answered = new Set<string>(['no_such_path', 'method_not_allowed']);
  for (const [, route] of ALL)
    for (const code of [...commonErrorsOf(route), ...route.errors]) answered.add(code);
  expect([...answered].sort()).toEqual(Object.keys(ERROR_TABLE).sort());
});

describe('the documents of the API', () => {
  test('docs/api.md is what the table says: `npm run docs` writes it', () => {
    expect(read('docs/api.md')).toBe(apiDocument());
  });

  test('docs/openapi.json is what the table says: `npm run docs` writes it', async () => {
    const { version } = JSON.parse(read('package.json')) as { version: string };
    const document = await openApiDocument(Object.values(ROUTES), version, () => Promise.resolve());
    expect(JSON.parse(read('docs/openapi.json'))).toEqual(JSON.parse(JSON.stringify(document)));
  });

  test('every reference of the OpenAPI document leads to a component', async () => {
    const document = await openApiDocument(Object.values(ROUTES), '1', () => Promise.resolve());
    const text = JSON.stringify(document);
    const { components } = document as { components: { schemas: Record<string, unknown> } };
    const missing = [...text.matchAll(/"\$ref":"([^"]+)"/g)]
      .map(([, reference = '']) => reference.replace('#/components/schemas/', ''))
      .filter((name) => !(name in components.schemas));
    expect(missing).toEqual([]);
  });
});
