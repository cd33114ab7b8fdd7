import { z } from 'zod';
import { defineRoute } from '../route.ts';

export const REFERENCE_ROUTES = {
  showOpenApi: defineRoute({
    method: 'GET',
    path: '/openapi.json',
    operation: 'showOpenApi',
    tag: 'reference',
    summary: 'The OpenAPI 3.1 document of this API',
    permission: 'anyone',
    answers: { 200: { description: 'The document.', schema: z.looseObject({ openapi: z.string() }) } },
    errors: [],
    example: { status: 200, answer: { openapi: '3.1.0', info: { title: 'Railhead', version: '0.1.0' } } },
  }),
  showApiPage: defineRoute({
    method: 'GET',
    path: '/docs',
    operation: 'showApiPage',
    tag: 'reference',
    summary: 'The same as a page to read',
    permission: 'anyone',
    answers: { 200: { description: 'A page that loads nothing else.', media: 'text/html' } },
    errors: [],
    example: { status: 200, answer: '<!doctype html>...' },
  }),
};
