import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ApiClient, ApiProblem } from '../../src/api/client.ts';
import { ROUTES } from '../../src/api/routes.ts';
import { NetBoxClient } from '../../src/netbox/netbox-client.ts';
import { type NetBoxSync, syncNetBox } from '../../src/netbox/sync-netbox.ts';
import { catalogTree } from '../catalog/catalog-tree.ts';
import { FakeNetBox, someDevice, someInterface } from '../netbox/fake-netbox.ts';
import { ApiRig } from './api-rig.ts';

// Starting the whole program takes a while when all tests run at once.
vi.setConfig({ testTimeout: 60_000 });

const mac = (id: number): string => `52:54:00:00:00:${id.toString(16).padStart(2, '0')}`;
const SYNC: NetBoxSync = {
  source: 'netbox',
  filters: [['site', 'fra1']],
  custom: { labels: [], metadata: [] },
  dryRun: false,
  writeBack: { state: 'railhead_state', address: 'railhead_address' },
};

let netbox: FakeNetBox;
let client: NetBoxClient;
let rig: ApiRig;
let api: ApiClient;

beforeEach(async () => {
  netbox = new FakeNetBox();
  netbox.pageMax = 500;
  client = new NetBoxClient({ url: await netbox.start(), token: 'secret-of-netbox', retryMs: 1 });
  rig = await ApiRig.start(
    catalogTree({ 'profiles/p.yaml': 'id: p\n', 'groups/g.yaml': 'id: g\nprofile: p\n' }),
  );
  api = new ApiClient(async ({ body, headers, method, path }) => {
    const place = path.replace('/api/v1', '');
    const { body: answered, status } = await rig.ask(method, place, body && (JSON.parse(body) as unknown), {
      ...headers,
    });
    return { status, body: answered };
  }, ROUTES);
  netbox.devices = Array.from({ length: 30 }, (_, index) => someDevice(index + 1));
  netbox.devices.push(someDevice(99, { site: { id: 2, name: 'Elsewhere', slug: 'else' } }), someDevice(50));
  netbox.interfaces = netbox.devices
    .filter(({ id }) => id !== 50)
    .map(({ id }) => someInterface(id, id, mac(id)));
});
afterEach(async () => {
  await rig.app.stop();
  await netbox.stop();
});

test('devices become machines, changes follow, and states are written back only where they differ', async () => {
  const first = await syncNetBox(client, api, SYNC);
  expect(first.changes.added).toHaveLength(30);
  expect(first.skipped).toEqual([{ device: 'node50', reason: 'no enabled interface has a MAC address' }]);
  expect(first.written).toBe(30);
  expect(netbox.patches[0]).toEqual({
    path: '/api/dcim/devices/1/',
    body: { custom_fields: { railhead_state: 'ready', railhead_address: '10.0.1.1' } },
  });
  const again = await syncNetBox(client, api, SYNC);
  expect(again).toMatchObject({
    changes: { added: [], changed: [], removed: [], unchanged: 30 },
    written: 0,
  });

  await rig.ask('POST', '/machines/node2/retire', {});
  netbox.devices = netbox.devices
    .filter(({ id }) => id !== 3)
    .map((device) => (device.id === 4 ? { ...device, rack: { id: 8, name: 'R8' } } : device));
  const dry = await syncNetBox(client, api, { ...SYNC, dryRun: true });
  const wanted = {
    added: [],
    changed: [{ id: 'node4', fields: ['labels'] }],
    removed: ['node3'],
    unchanged: 28,
  };
  expect(dry).toMatchObject({ changes: { dry_run: true, ...wanted }, written: 0 });
  expect(await syncNetBox(client, api, SYNC)).toMatchObject({ changes: wanted, written: 1 });
  expect(netbox.patches.at(-1)).toEqual({
    path: '/api/dcim/devices/2/',
    body: { custom_fields: { railhead_state: 'retired' } },
  });
  expect((await rig.ask('GET', '/machines/node4')).body.labels).toMatchObject({ rack: 'R8', site: 'fra1' });
});

test('a NetBox that has suddenly lost its devices, or fails half-way, changes nothing', async () => {
  await syncNetBox(client, api, SYNC);
  const all = netbox.devices;
  netbox.devices = all.slice(0, 5);
  await expect(syncNetBox(client, api, SYNC)).rejects.toThrow('would remove 25 of 30 machines');
  await expect(syncNetBox(client, api, SYNC)).rejects.toBeInstanceOf(ApiProblem);
  netbox.devices = all;
  netbox.pageMax = 10;
  netbox.misbehaviours.push({ status: 404, body: '{}' });
  await expect(syncNetBox(client, api, SYNC)).rejects.toThrow('NetBox has no such path');
  expect((await rig.ask('GET', '/inventories/netbox')).body.machines).toBe(30);
  expect((await syncNetBox(client, api, { ...SYNC, writeBack: undefined })).changes.unchanged).toBe(30);
});
