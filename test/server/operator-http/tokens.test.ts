import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ROUTES } from '../../../src/api/routes.ts';
import { type AccessRig, accessRig, AUTHORISED, OperatorRig, RIG_NOW, TOKEN } from './operator-rig.ts';

const rig = new OperatorRig();
let nowMs: number;
let access: AccessRig;
let origin: string;

beforeEach(async () => {
  nowMs = RIG_NOW.getTime();
  access = await accessRig(() => new Date(nowMs));
  origin = `${await rig.start({ ...access, nowMs: () => nowMs })}/api/v1`;
});
afterEach(() => rig.close());

const send = (method: string, path: string, body?: object, headers: Record<string, string> = {}) =>
  fetch(`${origin}${path}`, {
    method,
    headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });

const make = async (wanted: object): Promise<string> => {
  const response = await send('POST', '/tokens', wanted, AUTHORISED);
  expect(response.status).toBe(201);
  return ((await response.json()) as { token: string }).token;
};

const signIn = async (token: string): Promise<{ cookie: string; csrf: string; set: string }> => {
  const response = await send('POST', '/session', { token });
  expect(response.status).toBe(200);
  const set = response.headers.get('set-cookie') ?? '';
  const { csrf_token: csrf } = (await response.json()) as { csrf_token: string };
  return { cookie: set.split(';')[0] ?? '', csrf, set };
};

describe('tokens', () => {
  test('are made, shown without their secret, used and revoked', async () => {
    const text = await make({ name: 'rack-team', role: 'operator', networks: ['127.0.0.0/8'] });
    const as = { authorization: `Bearer ${text}` };
    const me = await send('GET', '/me', undefined, as);
    expect(await me.json()).toMatchObject({ name: 'token:rack-team', inventories: null, csrf_token: null });
    const listed = await (await send('GET', '/tokens', undefined, AUTHORISED)).text();
    expect(listed).toContain('"last_used_from":"127.0.0.1"');
    expect(listed).not.toContain(text.slice(17));
    expect((await send('GET', '/tokens', undefined, as)).status).toBe(403);
    expect((await send('DELETE', '/tokens/rack-team?reason=gone', undefined, AUTHORISED)).status).toBe(204);
    expect((await send('GET', '/me', undefined, as)).status).toBe(401);
    expect((await send('DELETE', '/tokens/rack-team', undefined, AUTHORISED)).status).toBe(404);
  });

  test.each([
    [{ name: 'a', role: 'emperor' }, 'role'],
    [{ name: 'Anna Smith', role: 'viewer' }, 'name'],
    [{ name: 'a', role: 'viewer', networks: ['10.0.0.1'] }, 'networks.0: 10.0.0.1 is not a network'],
    [{ name: 'a', role: 'viewer', networks: ['10.0.0.0/33'] }, 'networks.0'],
    [{ name: 'a', role: 'viewer', expires_at: '2020-01-01T00:00:00Z' }, 'expires_at: this time is over'],
    [
      { name: 'a', role: 'viewer', inventories: ['netbox'] },
      'inventories: only a token of the role inventory',
    ],
    [{ name: 'a', role: 'viewer', secret: 'x' }, 'secret'],
  ])('%j is refused', async (body, message) => {
    const response = await send('POST', '/tokens', body, AUTHORISED);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain(message);
    expect(access.store.tokens.size).toBe(0);
  });

  test('a name that is taken, an expired token and one from a foreign network say so', async () => {
    await make({ name: 'a', role: 'viewer' });
    expect((await send('POST', '/tokens', { name: 'a', role: 'admin' }, AUTHORISED)).status).toBe(409);
    const short = await make({ name: 'b', role: 'viewer', expires_at: '2026-03-01T09:00:00.000Z' });
    const foreign = await make({ name: 'c', role: 'viewer', networks: ['192.0.2.0/24'] });
    nowMs += 3_600_000;
    const expired = await send('GET', '/me', undefined, { authorization: `Bearer ${short}` });
    expect([expired.status, await expired.text()]).toMatchObject([
      401,
      expect.stringContaining('the token b has expired'),
    ]);
    const refused = await send('GET', '/me', undefined, { authorization: `Bearer ${foreign}` });
    expect([refused.status, await refused.text()]).toMatchObject([
      403,
      expect.stringContaining('the token c may not be used from 127.0.0.1'),
    ]);
  });
});

describe('a browser', () => {
  test('gets a cookie that its scripts cannot read, and needs the CSRF token for changes', async () => {
    const { cookie, csrf, set } = await signIn(TOKEN);
    expect(set).toMatch(/^railhead_session=[\w-]{43}; Max-Age=604800; Path=\/; HttpOnly; SameSite=Strict$/);
    expect((await send('GET', '/machines', undefined, { cookie })).status).toBe(200);
    const hold = (headers: Record<string, string>) =>
      send('POST', '/machines/node1/hold', {}, { cookie, ...headers });
    const refused = await hold({});
    expect([refused.status, await refused.json()]).toMatchObject([403, { code: 'csrf_token_required' }]);
    expect((await hold({ 'x-csrf-token': 'x'.repeat(43) })).status).toBe(403);
    expect((await hold({ 'x-csrf-token': csrf })).status).toBe(200);
    const me = (await (await send('GET', '/me', undefined, { cookie })).json()) as object;
    expect(me).toMatchObject({
      name: 'token:file',
      csrf_token: csrf,
      session_expires_at: '2026-03-08T08:00:00.000Z',
    });
  });

  test('is signed out, and then needs a token again', async () => {
    const { cookie, csrf } = await signIn(TOKEN);
    const out = await send('DELETE', '/session', undefined, { cookie, 'x-csrf-token': csrf });
    expect([out.status, out.headers.get('set-cookie')]).toMatchObject([
      204,
      expect.stringContaining('Max-Age=0'),
    ]);
    expect((await send('GET', '/me', undefined, { cookie })).status).toBe(401);
  });

  test('loses its session with its token', async () => {
    const { cookie } = await signIn(await make({ name: 'a', role: 'viewer' }));
    expect((await send('GET', '/me', undefined, { cookie })).status).toBe(200);
    await send('DELETE', '/tokens/a', undefined, AUTHORISED);
    expect((await send('GET', '/me', undefined, { cookie })).status).toBe(401);
  });

  test('that guesses tokens is slowed down', async () => {
    const statuses: number[] = [];
    for (let attempt = 0; attempt < 12; attempt++) {
      statuses.push((await send('POST', '/session', { token: `guess${attempt}` })).status);
    }
    expect(statuses).toEqual([...Array<number>(10).fill(401), 429, 429]);
    nowMs += 60_000;
    await signIn(TOKEN);
  });

  test('of another web site signs nobody in', async () => {
    const response = await send('POST', '/session', { token: TOKEN }, { origin: 'https://evil.example' });
    expect([response.status, response.headers.get('set-cookie')]).toEqual([403, null]);
  });
});

/** What each role may do: written down here, so that a change of the table of routes or of the roles shows. */
const ALLOWED = {
  viewer: ['machines:read', 'catalog:read', 'leases:read', 'metrics:read'],
  auditor: ['machines:read', 'catalog:read', 'leases:read', 'metrics:read', 'audit:read'],
  operator: [
    ...['machines:read', 'catalog:read', 'leases:read', 'metrics:read', 'machines:operate'],
    ...['machines:manage', 'leases:write', 'webhooks:write'],
  ],
  inventory: ['machines:read', 'inventory:write'],
  catalog: ['machines:read', 'catalog:read', 'leases:read', 'metrics:read', 'catalog:write'],
} as const;

describe('on every route', () => {
  const tries = Object.values(ROUTES).filter(({ permission }) => permission !== 'anyone');
  const pathOf = (path: string): string => path.replaceAll(/\{\w+\}/g, 'x');

  test.each(Object.keys(ALLOWED) as (keyof typeof ALLOWED)[])(
    'a token with the role %s gets what it may',
    async (role) => {
      const as = { authorization: `Bearer ${await make({ name: role, role })}` };
      const got: string[] = [];
      const wanted: string[] = [];
      for (const { method, operation, path, permission } of tries) {
        if (path.endsWith('/stream')) continue;
        const response = await send(method, pathOf(path), undefined, as);
        const { code } = (response.status >= 400 ? await response.json() : {}) as { code?: string };
        if (code === 'forbidden') got.push(operation);
        const may: readonly string[] = [...ALLOWED[role], 'signed_in'];
        if (!may.includes(permission)) wanted.push(operation);
      }
      expect(got).toEqual(wanted);
    },
  );

  test.each([
    ['no token', {}, 401],
    ['an unknown token', { authorization: 'Bearer rht_000000000000_0' }, 401],
    [
      'a foreign Host',
      { ...AUTHORISED, 'x-forwarded-host': 'evil.example', origin: 'https://evil.example' },
      403,
    ],
  ])('%s gets nothing', async (_who, headers, status) => {
    for (const { method, path } of tries) {
      const response = await send(method, pathOf(path), undefined, headers);
      expect([method, path, response.status]).toEqual([method, path, status]);
    }
  });

  test('a revoked and an expired token get nothing', async () => {
    const revoked = await make({ name: 'revoked', role: 'admin' });
    await send('DELETE', '/tokens/revoked', undefined, AUTHORISED);
    const expired = await make({ name: 'expired', role: 'admin', expires_at: '2026-03-01T08:00:01.000Z' });
    nowMs += 1000;
    for (const text of [revoked, expired]) {
      for (const { method, path } of tries) {
        const response = await send(method, pathOf(path), undefined, { authorization: `Bearer ${text}` });
        expect([method, path, response.status]).toEqual([method, path, 401]);
      }
    }
  });
});
