import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import pino from 'pino';
import { expect, test } from 'vitest';
import { type App, startApp } from '../../src/app/app.ts';
import { settingsSchema } from '../../src/config/schema.ts';
import { catalogTree } from '../catalog/catalog-tree.ts';
import { PARTS_WITHOUT_THREADS } from '../fakes/parts-without-threads.ts';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

test('the server is not ready between the start of HTTP and that of DHCP', async () => {
  const tree = catalogTree({ 'groups/g.yaml': '' });
  const port = await freePort();
  const settings = settingsSchema.parse({
    catalog: { dir: tree, watch: false },
    dhcp: { interfaces: ['none0'] },
    http: { listen: [`127.0.0.1:${port}`] },
    operator: { listen: '127.0.0.1:0', socket: null },
    store: { file: `${tree}/store.db` },
    tftp: { enabled: true, listen: ['127.0.0.1'], port: 0 },
  });
  const readiness = async () => {
    const response = await fetch(`http://127.0.0.1:${port}/readyz`, { headers: { connection: 'close' } });
    return { status: response.status, lines: (await response.text()).trimEnd().split('\n') };
  };

  // DHCP loads its leases before it listens; here only after somebody has asked whether the server is ready.
  let seen: Awaited<ReturnType<typeof readiness>> | undefined;
  const app: App = await startApp({
    settings,
    log: pino({ level: 'silent' }),
    parts: {
      ...PARTS_WITHOUT_THREADS,
      openStore: async (...args) => {
        const opened = await PARTS_WITHOUT_THREADS.openStore(...args);
        const leases = Object.create(opened.store.leases) as typeof opened.store.leases;
        leases.loadLeases = async () => {
          seen = await readiness();
          return opened.store.leases.loadLeases();
        };
        return { ...opened, store: { ...opened.store, leases } };
      },
    },
  });
  expect(seen).toEqual({ status: 503, lines: ['DHCP is still starting', 'the API is still starting'] });
  expect(await readiness()).toEqual({
    status: 503,
    lines: ['dhcp is not served on none0 yet: it does not exist'],
  });
  await app.stop();
});
