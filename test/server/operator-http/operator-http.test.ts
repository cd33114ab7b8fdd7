import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import pino from 'pino';
import { afterEach, expect, test, vi } from 'vitest';
import type { Ipv4Address } from '../../../src/protocol/ipv4-address.ts';
import { parseMac } from '../../../src/protocol/mac-address.ts';
import type { Lease } from '../../../src/provision/dhcp/leases/lease.ts';
import { MachineRegistry } from '../../../src/machines/machine-registry.ts';
import type { Machine } from '../../../src/provision/machines/machine.ts';
import { Counters } from '../../../src/limits/counters.ts';
import { viewNetworks } from '../../../src/server/operator-http/network-view.ts';
import {
  type OperatorHttpParts,
  OperatorHttpServer,
} from '../../../src/server/operator-http/operator-http-server.ts';
import type { BootSessionQuery } from '../../../src/store/boot-session-store.ts';
import type { BootEventQuery } from '../../../src/store/event-store.ts';
import { clientMac, DhcpRig, rackSubnet } from '../../provision/dhcp/dhcp-rig.ts';

const servers: OperatorHttpServer[] = [];
const TOKEN = 'correct-horse-battery';
const AUTHORISED = { authorization: `Bearer ${TOKEN}` };

/** Fetches with the token. */
function ask(url: string, init: RequestInit = {}): Promise<Response> {
  return fetch(url, { ...init, headers: { ...AUTHORISED, ...init.headers } });
}

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

function* manyLeases(count: number, onMade: () => void = () => undefined): Iterable<Lease> {
  for (let index = 0; index < count; index++) {
    onMade();
    yield {
      address: '10.0.0.1' as Ipv4Address,
      subnetId: 'rack',
      clientKey: '',
      chaddr: '',
      state: 'bound',
      hostname: `node${index}`,
      boundAt: 0,
      expiresAt: 0,
    };
  }
}

async function start(parts: Partial<OperatorHttpParts> = {}): Promise<string> {
  const server = new OperatorHttpServer({
    catalogStatus: () => ({
      checkedAt: new Date(0),
      problems: [{ file: 'groups/a.yaml', line: 1, column: 2, message: 'm' }],
      warnings: [],
      standIns: [],
    }),
    machines: () => [],
    groupOfDiscovered: () => undefined,
    leases: () => Promise.resolve([]),
    endLease: () => Promise.resolve('no_lease'),
    networks: () => [],
    events: { listEvents: () => Promise.resolve([]) },
    sessions: { listSessions: () => Promise.resolve([]) },
    discovered: { listDiscovered: () => Promise.resolve([]) },
    counters: new Counters(),
    token: () => TOKEN,
    hosts: ['railhead.example'],
    readiness: () => ({ ready: true, reasons: [] }),
    log: pino({ level: 'silent' }),
    ...parts,
  });
  servers.push(server);
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
  return `http://127.0.0.1:${port}`;
}

test('the state of the catalog, with its problems', async () => {
  const response = await ask(`${await start()}/api/v1/catalog`);
  expect(await response.json()).toEqual({
    checkedAt: '1970-01-01T00:00:00.000Z',
    problems: [{ file: 'groups/a.yaml', line: 1, column: 2, message: 'm' }],
    warnings: [],
    standIns: [],
  });
});

test('events by machine and kind, continuing after the last event that was read', async () => {
  const queries: BootEventQuery[] = [];
  const events = {
    listEvents: (query: BootEventQuery) => {
      queries.push(query);
      return Promise.resolve([]);
    },
  };
  const origin = await start({ events });
  const response = await ask(`${origin}/api/v1/events?after=7&limit=5&kind=dhcp.ack&mac=525400000001`);
  expect(await response.json()).toEqual({ events: [], next: 7 });
  expect(queries).toEqual([{ afterId: 7, limit: 5, kind: 'dhcp.ack', mac: parseMac('525400000001') }]);
});

test('boot sessions, by machine, phase and verdict', async () => {
  const queries: BootSessionQuery[] = [];
  const sessions = {
    listSessions: (query: BootSessionQuery) => {
      queries.push(query);
      return Promise.resolve([]);
    },
  };
  const origin = await start({ sessions });
  const response = await ask(`${origin}/api/v1/sessions?machine=node1&phase=kernel&verdict=stuck&limit=5`);
  expect(await response.json()).toEqual({ sessions: [] });
  expect(queries).toEqual([{ limit: 5, machineId: 'node1', phase: 'kernel', verdict: 'stuck' }]);
  expect((await ask(`${origin}/api/v1/sessions?verdict=lost`)).status).toBe(400);
});

test.each([
  ['ended', '10.20.0.60', 204, undefined],
  ['no_lease', '10.20.0.61', 404, 'not_found'],
  ['not_stored', '10.20.0.60', 503, 'not_stored'],
  ['ended', 'rack1', 400, 'bad_address'],
] as const)('an operator ends a lease: %s, %s is answered %i', async (outcome, address, status, code) => {
  const asked: string[] = [];
  const origin = await start({
    endLease: (which) => {
      asked.push(which);
      return Promise.resolve(outcome);
    },
  });
  const response = await ask(`${origin}/api/v1/leases/${address}`, { method: 'DELETE' });
  expect(response.status).toBe(status);
  expect(asked).toEqual(code === 'bad_address' ? [] : [address]);
  if (code !== undefined) expect(await response.json()).toMatchObject({ code });
});

test('a lease cannot be ended without the token', async () => {
  let ended = false;
  const origin = await start({ endLease: () => Promise.resolve(((ended = true), 'ended' as const)) });
  const response = await fetch(`${origin}/api/v1/leases/10.20.0.60`, { method: 'DELETE' });
  expect([response.status, ended]).toEqual([401, false]);
});

test('the usage of networks, and their other DHCP servers', async () => {
  const rig = new DhcpRig();
  rig.lease(clientMac(1));
  rig.send({ type: 1, mac: clientMac(2) });
  rig.send({ type: 3, mac: clientMac(3), requested: '10.20.0.60', server: '10.20.0.9' });
  const seenAt = new Date(rig.now.wallMs).toISOString();
  const networks = viewNetworks(
    [rackSubnet()],
    rig.engine.usage(rig.now),
    rig.engine.foreignServers(rig.now),
  );
  const origin = await start({ networks: () => networks });
  expect(await (await ask(`${origin}/api/v1/networks`)).json()).toEqual({
    networks: [
      {
        id: 'rack',
        cidr: '10.20.0.0/24',
        mode: 'full',
        poolSize: 100,
        bound: 1,
        offered: 1,
        declined: 0,
        remembered: 0,
        otherServers: [{ address: '10.20.0.9', firstSeenAt: seenAt, lastSeenAt: seenAt }],
      },
    ],
  });
});

test.each([
  ['GET', '/api/v1/events?limit=0', 400, 'bad_query'],
  ['GET', '/api/v1/events?mac=x', 400, 'bad_query'],
  ['GET', '/api/v1/events?since=1', 400, 'bad_query'],
  ['GET', '/api/v1/nothing', 404, 'not_found'],
  ['POST', '/api/v1/catalog', 405, 'method_not_allowed'],
])('%s %s is %i %s', async (method, path, status, code) => {
  const response = await ask((await start()) + path, { method });
  expect(response.status).toBe(status);
  expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect(await response.json()).toMatchObject({ code, status });
});

test.each([
  ['none', {}, 401],
  ['another', { authorization: 'Bearer wrong' }, 401],
  ['one of another scheme', { authorization: `Basic ${TOKEN}` }, 401],
  ['the right one', AUTHORISED, 200],
])('the answer to a request with %s as its token, on loopback too', async (_name, headers, status) => {
  const origin = await start();
  for (const path of ['catalog', 'machines', 'leases', 'networks', 'events', 'counters']) {
    expect((await fetch(`${origin}/api/v1/${path}`, { headers })).status).toBe(status);
  }
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
  const { port } = new URL(await start());
  const request = get({
    host: '127.0.0.1',
    port,
    path: '/api/v1/catalog',
    headers: { ...AUTHORISED, ...headers },
  });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.resume();
  expect(response.statusCode).toBe(status);
});

test('metadata of machines, which can contain secrets, is not listed', async () => {
  const machine: Machine = {
    id: 'node1',
    macs: [parseMac('525400000001')!],
    labels: { rack: '1' },
    metadata: { password: 'hunter2' },
  };
  const registry = new MachineRegistry(() => 0);
  registry.put('files', machine);
  registry.put('netbox', { ...machine, labels: { rack: '2' }, metadata: { password: 'other' } });
  registry.put('netbox', { ...machine, id: 'node2' });
  const body = await (
    await ask(`${await start({ machines: () => registry.list() })}/api/v1/machines`)
  ).text();
  expect(JSON.parse(body)).toEqual({
    declared: [
      {
        id: 'node1',
        macs: ['52:54:00:00:00:01'],
        labels: { rack: '1' },
        sources: ['files', 'netbox'],
        conflicts: [
          'labels.rack: sources disagree; the value from files is used, the one from netbox is ignored',
          'metadata.password: sources disagree; the value from files is used, the one from netbox is ignored',
          'MAC address 52:54:00:00:00:01 is claimed by several machines: it belongs to node1, and is ignored for node2',
        ],
      },
      {
        id: 'node2',
        macs: ['52:54:00:00:00:01'],
        labels: { rack: '1' },
        sources: ['netbox'],
        conflicts: [
          'MAC address 52:54:00:00:00:01 is claimed by several machines: it belongs to node1, and is ignored for node2',
        ],
      },
    ],
    discovered: [],
  });
  expect(body).not.toContain('hunter2');
});

test('a server that cannot serve gives the reason, without a token', async () => {
  const reasons = ['no catalog has loaded yet', 'the store cannot be written'];
  const response = await fetch(`${await start({ readiness: () => ({ ready: false, reasons }) })}/readyz`);
  expect([response.status, await response.text()]).toEqual([503, `${reasons.join('\n')}\n`]);
});

test('a long list of leases is sent in pieces, without blocking other work', async () => {
  let turns = 0;
  let sending = true;
  const count = (): void => {
    turns++;
    if (sending) setImmediate(count);
  };
  const made: number[] = [];
  const origin = await start({ leases: () => Promise.resolve(manyLeases(20_000, () => made.push(turns))) });
  count();
  const { leases } = (await (await ask(`${origin}/api/v1/leases`)).json()) as { leases: object[] };
  sending = false;
  expect(leases).toHaveLength(20_000);
  expect(leases[19_999]).toMatchObject({ hostname: 'node19999' });
  expect(new Set(made).size).toBeGreaterThanOrEqual(40);
});

test('a client that closes the connection in the middle of a list is not an error', async () => {
  const lines: string[] = [];
  const log = pino({ level: 'warn' }, { write: (line: string) => lines.push(line) });
  let ended = false;
  const leases = function* () {
    try {
      yield* manyLeases(Infinity);
    } finally {
      ended = true;
    }
  };
  const origin = await start({ log, leases: () => Promise.resolve(leases()) });
  const abort = new AbortController();
  const response = await ask(`${origin}/api/v1/leases`, { signal: abort.signal });
  await response.body?.getReader().read();
  abort.abort();
  await vi.waitFor(() => expect(ended).toBe(true));
  expect(lines).toEqual([]);
});

test('simultaneous lists on one connection are sent one at a time, and end with the connection', async () => {
  let begun = 0;
  let ended = 0;
  const leases = function* () {
    begun++;
    try {
      yield* manyLeases(Infinity);
    } finally {
      ended++;
    }
  };
  const origin = await start({ leases: () => Promise.resolve(leases()) });
  const client = connect(Number(new URL(origin).port), '127.0.0.1');
  client.on('error', () => undefined);
  client.write(
    'GET /api/v1/leases HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer correct-horse-battery\r\n\r\n'.repeat(
      1000,
    ),
  );
  await once(client, 'readable');
  expect((await ask(`${origin}/healthz`)).status).toBe(200);
  expect([begun, ended]).toEqual([1, 0]);
  client.destroy();
  await vi.waitFor(() => expect([begun, ended]).toEqual([1, 1]));
});

test('a store error affects one request', async () => {
  const broken = () => Promise.reject(new Error('disk'));
  const origin = await start({ leases: broken, events: { listEvents: broken } });
  expect((await ask(`${origin}/api/v1/leases`)).status).toBe(500);
  expect((await ask(`${origin}/api/v1/catalog`)).status).toBe(200);
});
