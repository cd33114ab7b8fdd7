import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { pino } from 'pino';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { MachineControl } from '../../../src/control/machine-control.ts';
import { type Ipv4Address, ipv4FromNumber } from '../../../src/protocol/ipv4-address.ts';
import type { Lease } from '../../../src/provision/dhcp/leases/lease.ts';
import { viewNetworks } from '../../../src/server/operator-http/network-view.ts';
import { FakeMachines, someSubject } from '../../control/fake-machines.ts';
import { clientMac, DhcpRig, rackSubnet } from '../../provision/dhcp/dhcp-rig.ts';
import { ask, AUTHORISED, OperatorRig, TOKEN } from './operator-rig.ts';

const rig = new OperatorRig();
const V1 = '/api/v1';

afterEach(() => rig.close());

/** Leases from 10.0.0.0 on, the last address first. */
function* manyLeases(count: number, onMade: () => void = () => undefined): Iterable<Lease> {
  for (let index = count - 1; index >= 0; index--) {
    onMade();
    yield {
      address: ipv4FromNumber(0x0a00_0000 + index),
      subnetId: index % 2 === 0 ? 'rack' : 'lab',
      clientKey: '',
      chaddr: '',
      state: 'bound',
      hostname: `node${index}`,
      boundAt: 0,
      expiresAt: index === 0 ? Infinity : 60_000,
    };
  }
}

interface Page {
  readonly items: readonly Record<string, unknown>[];
  readonly next_cursor: string | null;
  readonly as_of: string;
}

async function page(url: string): Promise<Page> {
  const response = await ask(url);
  expect(response.status).toBe(200);
  return (await response.json()) as Page;
}

describe('leases', () => {
  test('a list is read page by page, in the order of the addresses, each lease once', async () => {
    const origin = await rig.start({ leases: () => Promise.resolve(manyLeases(25)) });
    const seen: unknown[] = [];
    let cursor: string | null = null;
    do {
      const next: string = cursor === null ? '' : `&cursor=${cursor}`;
      const found: Page = await page(`${origin}${V1}/leases?limit=10${next}`);
      seen.push(...found.items.map(({ address }) => address));
      cursor = found.next_cursor;
    } while (cursor !== null);
    expect(seen).toEqual(Array.from({ length: 25 }, (_, index) => `10.0.0.${index}`));
  });

  test('a lease without end has no time at which it ends', async () => {
    const origin = await rig.start({ leases: () => Promise.resolve(manyLeases(2)) });
    expect((await page(`${origin}${V1}/leases`)).items).toMatchObject([
      { address: '10.0.0.0', expires_at: null },
      { address: '10.0.0.1', expires_at: '1970-01-01T00:01:00.000Z' },
    ]);
  });

  test('only the leases of a network', async () => {
    const origin = await rig.start({ leases: () => Promise.resolve(manyLeases(4)) });
    const { items } = await page(`${origin}${V1}/leases?network=lab`);
    expect(items.map(({ address }) => address)).toEqual(['10.0.0.1', '10.0.0.3']);
  });

  test('who holds an address, and for whom it is reserved', async () => {
    const lease = { ...[...manyLeases(1)][0], chaddr: '52:54:00:00:00:02' } as Lease;
    const origin = await rig.start({
      leases: () => Promise.resolve([lease]),
      machineOf: () => 'node2',
      reservedFor: () => 'node1',
    });
    const response = await ask(`${origin}${V1}/leases/10.0.0.0`);
    expect(await response.json()).toMatchObject({ machine: 'node2', reserved_for: 'node1' });
    const free = await ask(`${origin}${V1}/leases/10.0.0.9`);
    expect([free.status, await free.json()]).toMatchObject([
      404,
      { detail: '10.0.0.9 has no lease; it is reserved for the machine node1' },
    ]);
  });

  test('a long list does not keep the event loop from other work', async () => {
    let turns = 0;
    let looking = true;
    const count = (): void => {
      turns++;
      if (looking) setImmediate(count);
    };
    const made: number[] = [];
    const origin = await rig.start({
      leases: () => Promise.resolve(manyLeases(100_000, () => made.push(turns))),
    });
    count();
    await page(`${origin}${V1}/leases`);
    looking = false;
    expect(new Set(made).size).toBeGreaterThanOrEqual(15);
  });

  test.each([
    ['ended', '10.20.0.60', 204, undefined],
    ['no_lease', '10.20.0.61', 404, 'not_found'],
    ['not_stored', '10.20.0.60', 503, 'not_stored'],
    ['ended', 'rack1', 400, 'bad_parameter'],
  ] as const)('an operator ends one: %s, %s is answered %i', async (outcome, address, status, code) => {
    const asked: string[] = [];
    const endLease = (which: Ipv4Address) => {
      asked.push(which);
      return Promise.resolve(outcome);
    };
    const response = await ask(`${await rig.start({ endLease })}${V1}/leases/${address}`, {
      method: 'DELETE',
    });
    expect(response.status).toBe(status);
    expect(asked).toEqual(code === 'bad_parameter' ? [] : [address]);
    if (code !== undefined) expect(await response.json()).toMatchObject({ code });
  });

  test('none is ended without the token', async () => {
    let ended = false;
    const origin = await rig.start({ endLease: () => Promise.resolve(((ended = true), 'ended' as const)) });
    const response = await fetch(`${origin}${V1}/leases/10.20.0.60`, { method: 'DELETE' });
    expect([response.status, ended]).toEqual([401, false]);
  });
});

test('the usage of networks, and their other DHCP servers', async () => {
  const dhcp = new DhcpRig();
  dhcp.lease(clientMac(1));
  dhcp.send({ type: 1, mac: clientMac(2) });
  dhcp.send({ type: 3, mac: clientMac(3), requested: '10.20.0.60', server: '10.20.0.9' });
  const seenAt = new Date(dhcp.now.wallMs).toISOString();
  const networks = viewNetworks(
    [rackSubnet()],
    dhcp.engine.usage(dhcp.now),
    dhcp.engine.foreignServers(dhcp.now),
  );
  const origin = await rig.start({ networks: () => networks });
  expect(await (await ask(`${origin}${V1}/networks`)).json()).toEqual({
    items: [
      {
        id: 'rack',
        cidr: '10.20.0.0/24',
        mode: 'full',
        pool_size: 100,
        bound: 1,
        offered: 1,
        declined: 0,
        remembered: 0,
        other_servers: [{ address: '10.20.0.9', first_seen_at: seenAt, last_seen_at: seenAt }],
      },
    ],
  });
});

describe('machines', () => {
  test('are listed without metadata, which can contain secrets', async () => {
    const response = await ask(`${await rig.start()}${V1}/machines`);
    const body = await response.text();
    expect(JSON.parse(body)).toMatchObject({
      items: [{ id: 'node1', state: 'ready' }, { id: 'node2' }],
      next_cursor: null,
      as_of: 'e0.t0.a0',
    });
    expect(body).not.toContain('secret');
  });

  test.each([
    ['state=installed', ['node2']],
    ['state=installed&state=ready', ['node1', 'node2']],
    ['q=NODE2', ['node2']],
    ['q=52:54', ['node1', 'node2']],
    ['label=rack', []],
    ['group=g', ['node1', 'node2']],
    ['profile=other', []],
    ['source=netbox', []],
    ['sort=-id', ['node2', 'node1']],
    ['sort=-state', ['node1', 'node2']],
    ['limit=1', ['node1']],
  ])('that fit %s', async (query, ids) => {
    const { items } = await page(`${await rig.start()}${V1}/machines?${query}`);
    expect(items.map(({ id }) => id)).toEqual(ids);
  });

  test('only the fields that are asked for', async () => {
    const { items } = await page(`${await rig.start()}${V1}/machines?fields=id,state`);
    expect(items).toEqual([
      { id: 'node1', state: 'ready' },
      { id: 'node2', state: 'installed' },
    ]);
  });

  test.each(['id', '-id', 'state', '-state', 'since'])(
    'sorted by %s, pages together have every machine once',
    async (sort) => {
      const subjects = Array.from({ length: 23 }, (_, index) =>
        someSubject(index % 2 === 0 ? 'ready' : 'installed', `node${index}`),
      );
      const origin = await rig.start({ control: new MachineControl(new FakeMachines(...subjects)) });
      const ids: unknown[] = [];
      let cursor: string | null = null;
      do {
        const next: string = cursor === null ? '' : `&cursor=${cursor}`;
        const found: Page = await page(`${origin}${V1}/machines?limit=5&sort=${sort}${next}`);
        ids.push(...found.items.map(({ id }) => id));
        cursor = found.next_cursor;
      } while (cursor !== null);
      expect(ids.toSorted()).toEqual(subjects.map(({ id }) => id).sort());
    },
  );

  test('a cursor of another order is refused', async () => {
    const origin = await rig.start();
    const { next_cursor: cursor } = await page(`${origin}${V1}/machines?limit=1`);
    const response = await ask(`${origin}${V1}/machines?sort=state&cursor=${cursor ?? ''}`);
    expect([response.status, await response.json()]).toMatchObject([400, { code: 'bad_query' }]);
  });

  test('of two writers with the same ETag the second gets 412', async () => {
    const origin = await rig.start();
    const shown = await ask(`${origin}${V1}/machines/node1`);
    const headers = { 'if-match': shown.headers.get('etag') ?? '' };
    const hold = () => ask(`${origin}${V1}/machines/node1/hold`, { method: 'POST', headers });
    const [first, second] = [await hold(), await hold()];
    expect([first.status, second.status]).toEqual([200, 412]);
    expect(first.headers.get('etag')).not.toBe(headers['if-match']);
  });

  test('one that is unchanged is not sent again', async () => {
    const origin = await rig.start();
    const etag = (await ask(`${origin}${V1}/machines/node1`)).headers.get('etag') ?? '';
    const again = await ask(`${origin}${V1}/machines/node1`, { headers: { 'if-none-match': etag } });
    expect([again.status, await again.text()]).toEqual([304, '']);
  });

  test('arming is a PUT that can be repeated, and taking it back a DELETE', async () => {
    const origin = await rig.start();
    const arm = () =>
      ask(`${origin}${V1}/machines/node1/arm`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ reason: 'new', ttl_minutes: 30 }),
      });
    const first = (await (await arm()).json()) as { arm: object };
    expect(await (await arm()).json()).toMatchObject({ state: 'armed', arm: first.arm });
    const back = await ask(`${origin}${V1}/machines/node1/arm`, { method: 'DELETE' });
    expect(await back.json()).toMatchObject({ state: 'ready' });
  });
});

describe('a request with an Idempotency-Key', () => {
  const post = (origin: string, body: object, key = 'k1') =>
    ask(`${origin}${V1}/machines/node1/hold`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify(body),
    });

  test('is carried out once', async () => {
    const machines = new FakeMachines(someSubject());
    const origin = await rig.start({ control: new MachineControl(machines) });
    const first = await (await post(origin, { reason: 'a' })).json();
    expect(await (await post(origin, { reason: 'a' })).json()).toEqual(first);
    expect(machines.changes).toHaveLength(1);
  });

  test('must be the same request', async () => {
    const origin = await rig.start();
    await post(origin, { reason: 'a' });
    const other = await post(origin, { reason: 'b' });
    expect([other.status, await other.json()]).toMatchObject([422, { code: 'idempotency_mismatch' }]);
  });

  test('must have a key that is one', async () => {
    expect((await post(await rig.start(), {}, 'a b')).status).toBe(400);
  });
});

const JSON_TYPE = { 'content-type': 'application/json' };

test.each([
  ['GET', '/machines?limit=0', {}, undefined, 400, 'bad_query'],
  ['GET', '/machines?limit=1001', {}, undefined, 400, 'bad_query'],
  ['GET', '/machines?colour=red', {}, undefined, 400, 'bad_query'],
  ['GET', '/machines?cursor=x', {}, undefined, 400, 'bad_query'],
  ['GET', '/leases?mac=x', {}, undefined, 400, 'bad_query'],
  ['GET', '/networks?limit=1', {}, undefined, 400, 'bad_query'],
  ['GET', '/nothing', {}, undefined, 404, 'no_such_path'],
  ['GET', '/machines/nobody', {}, undefined, 404, 'not_found'],
  ['GET', '/machines/%ff', {}, undefined, 400, 'invalid_request'],
  ['GET', '/machines', { accept: 'text/html' }, undefined, 406, 'not_acceptable'],
  ['POST', '/machines/node1/explode', {}, undefined, 404, 'no_such_path'],
  ['POST', '/networks', {}, undefined, 405, 'method_not_allowed'],
  ['POST', '/machines/node1/hold', { 'content-type': 'text/plain' }, 'x', 415, 'unsupported_media_type'],
  ['POST', '/machines/node1/hold', JSON_TYPE, '{', 400, 'invalid_json'],
  ['POST', '/machines/node1/hold', JSON_TYPE, '{"attempts":9}', 400, 'invalid_request'],
  ['POST', '/machines/node1/hold', JSON_TYPE, '[]', 400, 'invalid_request'],
  ['POST', '/machines/node1/hold', JSON_TYPE, `"${'x'.repeat(2e6)}"`, 413, 'body_too_large'],
  ['POST', '/machines/node1/restore', JSON_TYPE, '{}', 409, 'invalid_transition'],
  ['POST', '/machines/node1/hold', { 'if-match': '42' }, undefined, 412, 'precondition_failed'],
])('%s %s with %j is answered %6$i %7$s', async (method, path, headers, body, status, code) => {
  const origin = await rig.start();
  const response = await ask(origin + V1 + path, { method, headers, body: body ?? null });
  expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect(await response.json()).toMatchObject({
    code,
    status,
    request_id: response.headers.get('x-request-id'),
  });
  expect(response.status).toBe(status);
});

test('a path says which methods it has', async () => {
  const origin = await rig.start();
  const options = await ask(`${origin}${V1}/machines/node1`, { method: 'OPTIONS' });
  expect([options.status, options.headers.get('allow')]).toEqual([
    204,
    'GET, HEAD, DELETE, PUT, PATCH, OPTIONS',
  ]);
  const post = await ask(`${origin}${V1}/machines/node1`, { method: 'POST' });
  expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD, DELETE, PUT, PATCH, OPTIONS']);
});

test('HEAD is answered like GET, without the body', async () => {
  const response = await ask(`${await rig.start()}${V1}/machines`, { method: 'HEAD' });
  expect([response.status, await response.text()]).toEqual([200, '']);
});

test.each([
  ['none', {}, 401],
  ['another', { authorization: 'Bearer wrong' }, 401],
  ['one of another scheme', { authorization: `Basic ${TOKEN}` }, 401],
  ['the right one', AUTHORISED, 200],
])('the answer to a request with %s as its token, on loopback too', async (_name, headers, status) => {
  const origin = await rig.start();
  for (const path of ['machines', 'leases', 'networks']) {
    expect((await fetch(`${origin}${V1}/${path}`, { headers })).status).toBe(status);
  }
  const nothing = await fetch(`${origin}${V1}/nothing`, { headers });
  expect(nothing.status).toBe(status === 200 ? 404 : 401);
  expect((await fetch(`${origin}/healthz`)).status).toBe(200);
  expect((await fetch(`${origin}/readyz`)).status).toBe(200);
});

test.each([
  ['its address', { host: '127.0.0.1:8081' }, 200],
  ['its IPv6 address', { host: '[::1]:8081' }, 200],
  ['localhost', { host: 'localhost:8081' }, 200],
  ['a name from the settings', { host: 'railhead.example' }, 200],
  ['that name with a final dot', { host: 'RAILHEAD.example.:8081' }, 200],
  ['a foreign name that resolves here (DNS rebinding)', { host: 'attacker.example:8081' }, 403],
  ['a name that begins like one of ours', { host: 'localhost.attacker.example' }, 403],
  ['a malformed name', { host: 'local host' }, 403],
  ['its own page', { host: 'localhost', origin: 'http://localhost' }, 200],
  ['a page of another site', { host: 'localhost', origin: 'http://attacker.example' }, 403],
  ['a page of another port', { host: 'localhost:8081', origin: 'http://localhost:3000' }, 403],
  ['a sandboxed page', { host: 'localhost', origin: 'null' }, 403],
  ['another site, by the browser', { host: 'localhost', 'sec-fetch-site': 'cross-site' }, 403],
])('a request for %s, token or not', async (_name, headers, status) => {
  const { port } = new URL(await rig.start());
  const request = get({
    host: '127.0.0.1',
    port,
    path: `${V1}/machines`,
    headers: { ...AUTHORISED, ...headers },
  });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.resume();
  expect(response.statusCode).toBe(status);
});

test('a server that cannot serve gives the reason, without a token', async () => {
  const reasons = ['no catalog has loaded yet', 'the store cannot be written'];
  const parts = reasons.map((reason) => ({ part: 'catalog', reasons: [reason] }));
  const origin = await rig.start({ readiness: () => ({ ready: false, reasons, parts }) });
  const response = await fetch(`${origin}/readyz`);
  expect([response.status, await response.text()]).toEqual([503, `${reasons.join('\n')}\n`]);
});

test('a program gets the readiness of each part', async () => {
  const parts = [
    { part: 'catalog', reasons: [] },
    { part: 'DHCP', reasons: ['dhcp waits for eth1'] },
  ];
  const origin = await rig.start({
    readiness: () => ({ ready: false, reasons: ['dhcp waits for eth1'], parts }),
  });
  const response = await fetch(`${origin}/readyz`, { headers: { Accept: 'application/json' } });
  expect([response.status, await response.json()]).toEqual([
    503,
    {
      ready: false,
      reasons: ['dhcp waits for eth1'],
      parts: [
        { part: 'catalog', ready: true, reasons: [] },
        { part: 'DHCP', ready: false, reasons: ['dhcp waits for eth1'] },
      ],
    },
  ]);
});

test('metrics need a token, and the time of every answer is told', async () => {
  const answered: [string, number][] = [];
  const origin = await rig.start({ onAnswered: (operation, status) => answered.push([operation, status]) });
  expect((await fetch(`${origin}/metrics`)).status).toBe(401);
  const response = await ask(`${origin}/metrics`);
  expect([response.status, response.headers.get('content-type'), await response.text()]).toEqual([
    200,
    'text/plain; charset=utf-8',
    'up 1\n',
  ]);
  await (await ask(`${origin}${V1}/leases`)).text();
  await vi.waitFor(() =>
    expect(answered).toEqual([
      ['none', 401],
      ['none', 200],
      ['listLeases', 200],
    ]),
  );
});

test('a fault of ours is told to the log with the id of the request, and affects no other request', async () => {
  const lines: string[] = [];
  const log = pino({ level: 'error' }, { write: (line: string) => lines.push(line) });
  const origin = await rig.start({ log, leases: () => Promise.reject(new Error('disk')) });
  const response = await ask(`${origin}${V1}/leases`);
  const problem = (await response.json()) as { request_id: string };
  expect([response.status, problem]).toMatchObject([500, { code: 'internal', title: 'Internal error' }]);
  expect(JSON.parse(lines[0] ?? '{}')).toMatchObject({
    requestId: problem.request_id,
    err: { message: 'disk' },
  });
  expect((await ask(`${origin}${V1}/machines`)).status).toBe(200);
});
