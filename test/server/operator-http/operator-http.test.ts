import pino from 'pino';
import { afterEach, expect, test } from 'vitest';
import { parseMac } from '../../../src/protocol/mac-address.ts';
import { Counters } from '../../../src/server/counters.ts';
import {
  type OperatorHttpParts,
  OperatorHttpServer,
} from '../../../src/server/operator-http/operator-http-server.ts';
import { viewNetworks } from '../../../src/server/operator-http/network-view.ts';
import type { BootEventQuery } from '../../../src/store/store.ts';
import { clientMac, DhcpRig, rackSubnet } from '../../provision/dhcp/dhcp-rig.ts';

const servers: OperatorHttpServer[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function start(parts: Partial<OperatorHttpParts> = {}): Promise<string> {
  const server = new OperatorHttpServer({
    catalogStatus: () => ({
      checkedAt: new Date(0),
      problems: [{ file: 'groups/a.yaml', line: 1, column: 2, message: 'm' }],
    }),
    machines: () => [],
    leases: () => Promise.resolve([]),
    networks: () => [],
    store: {
      listEvents: () => Promise.resolve([]),
      listDiscovered: () => Promise.resolve([]),
    },
    counters: new Counters(),
    log: pino({ level: 'silent' }),
    ...parts,
  });
  servers.push(server);
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
  return `http://127.0.0.1:${port}`;
}

test('the state of the catalog, with its problems', async () => {
  const response = await fetch(`${await start()}/api/v1/catalog`);
  expect(await response.json()).toEqual({
    checkedAt: '1970-01-01T00:00:00.000Z',
    problems: [{ file: 'groups/a.yaml', line: 1, column: 2, message: 'm' }],
  });
});

test('events by machine and kind, from where the reader stopped', async () => {
  const queries: BootEventQuery[] = [];
  const store = {
    listEvents: (query: BootEventQuery) => {
      queries.push(query);
      return Promise.resolve([]);
    },
    listDiscovered: () => Promise.resolve([]),
    loadLeases: () => Promise.resolve([]),
  };
  const origin = await start({ store });
  const response = await fetch(`${origin}/api/v1/events?after=7&limit=5&kind=dhcp.ack&mac=525400000001`);
  expect(await response.json()).toEqual({ events: [], next: 7 });
  expect(queries).toEqual([{ afterId: 7, limit: 5, kind: 'dhcp.ack', mac: parseMac('525400000001') }]);
});

test('how full networks are, and who else serves them', async () => {
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
  expect(await (await fetch(`${origin}/api/v1/networks`)).json()).toEqual({
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
  const response = await fetch((await start()) + path, { method });
  expect(response.status).toBe(status);
  expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect(await response.json()).toMatchObject({ code, status });
});

test.each([
  ['none', {}, 401],
  ['another', { authorization: 'Bearer wrong' }, 401],
  ['of another scheme', { authorization: 'Basic correct-horse-battery' }, 401],
  ['the right one', { authorization: 'Bearer correct-horse-battery' }, 200],
])('with a token set, a request with %s is answered accordingly', async (_name, headers, status) => {
  const origin = await start({ token: 'correct-horse-battery' });
  expect((await fetch(`${origin}/api/v1/catalog`, { headers })).status).toBe(status);
  expect((await fetch(`${origin}/healthz`)).status).toBe(200);
});

test('a broken store is an error of one request', async () => {
  const broken = () => Promise.reject(new Error('disk'));
  const origin = await start({ leases: broken, store: { listEvents: broken, listDiscovered: broken } });
  expect((await fetch(`${origin}/api/v1/leases`)).status).toBe(500);
  expect((await fetch(`${origin}/api/v1/catalog`)).status).toBe(200);
});
