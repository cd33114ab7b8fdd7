import { z } from 'zod';
import { ROLES } from '../permissions.ts';
import { defineRoute } from '../route.ts';
import { meSchema, newTokenSchema, roleSchema, tokenSchema } from '../schemas/token.ts';
import { reasonText } from '../schemas/values.ts';

const EXAMPLE = {
  id: '7h2k9d0s1m4q',
  name: 'netbox',
  role: 'inventory',
  created_at: '2026-03-01T08:00:00.000Z',
  created_by: 'socket:anna',
  expires_at: '2027-03-01T00:00:00.000Z',
  networks: ['10.0.9.0/24'],
  inventories: ['netbox'],
  last_used_at: '2026-03-01T09:12:00.000Z',
  last_used_from: '10.0.9.12',
} as const;
const { last_used_at: _at, last_used_from: _from, ...NEW } = EXAMPLE;
const ME = {
  name: 'token:netbox',
  permissions: ['machines:read', 'inventory:write'],
  inventories: ['netbox'],
  csrf_token: null,
  session_expires_at: null,
} as const;

const tokenParams = z.strictObject({
  token: z.string().max(63).meta({ description: 'The id or the name of the token.' }),
});

export const TOKEN_ROUTES = {
  showMe: defineRoute({
    method: 'GET',
    path: '/me',
    operation: 'showMe',
    tag: 'access',
    summary: 'Say who the request is from, and what they may do',
    permission: 'signed_in',
    answers: { 200: { description: 'Who asks.', schema: meSchema } },
    errors: [],
    example: { status: 200, answer: ME },
  }),
  signIn: defineRoute({
    method: 'POST',
    path: '/session',
    operation: 'signIn',
    tag: 'access',
    summary: 'Sign a browser in by a token',
    description:
      'The answer sets an HttpOnly cookie that JavaScript cannot read. Requests with it that change something need the header `X-CSRF-Token` with the `csrf_token` of the answer. The session ends after 8 hours without a request, after a week, and with its token.',
    permission: 'anyone',
    body: z.strictObject({ token: z.string().min(1).max(512) }),
    answers: { 200: { description: 'Signed in.', schema: meSchema } },
    errors: ['unauthorized', 'forbidden', 'too_many_attempts'],
    example: {
      body: { token: 'rht_7h2k9d0s1m4q_kq0nV…' },
      status: 200,
      answer: {
        ...ME,
        csrf_token: '3q2-7wEBAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhs',
        session_expires_at: '2026-03-08T08:00:00.000Z',
      },
    },
  }),
  signOut: defineRoute({
    method: 'DELETE',
    path: '/session',
    operation: 'signOut',
    tag: 'access',
    summary: 'Sign a browser out',
    permission: 'signed_in',
    answers: { 204: { description: 'The session is over, and the cookie is gone.' } },
    errors: [],
    example: { status: 204 },
  }),
  listRoles: defineRoute({
    method: 'GET',
    path: '/roles',
    operation: 'listRoles',
    tag: 'access',
    summary: 'List the roles that a token can have, and what each may do',
    permission: 'signed_in',
    answers: {
      200: { description: 'All roles.', schema: z.strictObject({ items: z.array(roleSchema) }) },
    },
    errors: [],
    example: {
      status: 200,
      answer: { items: [{ role: 'inventory', permissions: [...ROLES.inventory] }] },
    },
  }),
  listTokens: defineRoute({
    method: 'GET',
    path: '/tokens',
    operation: 'listTokens',
    tag: 'access',
    summary: 'List all tokens by name, without their secrets',
    permission: 'tokens:manage',
    answers: {
      200: { description: 'All tokens.', schema: z.strictObject({ items: z.array(tokenSchema) }) },
    },
    errors: [],
    example: { status: 200, answer: { items: [EXAMPLE] } },
  }),
  showToken: defineRoute({
    method: 'GET',
    path: '/tokens/{token}',
    operation: 'showToken',
    tag: 'access',
    summary: 'Show a token, without its secret',
    permission: 'tokens:manage',
    params: tokenParams,
    answers: { 200: { description: 'The token.', schema: tokenSchema } },
    errors: ['not_found'],
    example: { params: { token: 'netbox' }, status: 200, answer: EXAMPLE },
  }),
  createToken: defineRoute({
    method: 'POST',
    path: '/tokens',
    operation: 'createToken',
    tag: 'access',
    summary: 'Make a token',
    description:
      'The answer has the text of the token, which is shown only this once: Railhead keeps a hash of it. It begins with `rht_`, so that programs that look for leaked secrets recognise it.',
    permission: 'tokens:manage',
    body: newTokenSchema,
    answers: {
      201: {
        description: 'The token, with its text.',
        schema: z.strictObject({ ...tokenSchema.shape, token: z.string() }),
      },
    },
    errors: ['name_taken', 'not_stored'],
    example: {
      body: {
        name: 'netbox',
        role: 'inventory',
        expires_at: '2027-03-01T00:00:00.000Z',
        networks: ['10.0.9.0/24'],
        inventories: ['netbox'],
      },
      status: 201,
      answer: {
        ...NEW,
        last_used_at: null,
        last_used_from: null,
        token: 'rht_7h2k9d0s1m4q_kq0nVfWcXr5qmSg2Zb3uT8yJpLdEaHoIxQwRtYvN1sA',
      },
    },
  }),
  revokeToken: defineRoute({
    method: 'DELETE',
    path: '/tokens/{token}',
    operation: 'revokeToken',
    tag: 'access',
    summary: 'Revoke a token; it is not accepted from now on, and its browser sessions are over',
    permission: 'tokens:manage',
    params: tokenParams,
    query: z.strictObject({ reason: reasonText }),
    answers: { 204: { description: 'The token is revoked.' } },
    errors: ['not_found', 'not_stored'],
    example: { params: { token: 'netbox' }, query: { reason: 'replaced' }, status: 204 },
  }),
};
