import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { NetBoxClient } from '../../src/netbox/netbox-client.ts';
import { deviceSchema, interfaceSchema, machineOfDevice } from '../../src/netbox/netbox-objects.ts';
import { FakeNetBox, someDevice, someInterface } from './fake-netbox.ts';

const CUSTOM = { labels: ['bios'], metadata: ['disks'] };

let netbox: FakeNetBox;
let url: URL;

beforeEach(async () => {
  netbox = new FakeNetBox();
  url = await netbox.start();
});
afterEach(() => netbox.stop());

const client = (more: object = {}): NetBoxClient =>
  new NetBoxClient({ url, token: 'secret-of-netbox', retryMs: 1, timeoutMs: 5_000, ...more });
const devices = (one = client()) => one.list('dcim/devices/', [['site', 'fra1']], deviceSchema);

describe('the client', () => {
  test('reads all pages', async () => {
    netbox.devices = [1, 2, 3, 4, 5].map((id) => someDevice(id));
    expect((await devices()).map(({ id }) => id)).toEqual([1, 2, 3, 4, 5]);
    expect(netbox.requests).toEqual([
      'GET /api/dcim/devices/?site=fra1&limit=500',
      'GET /api/dcim/devices/?site=fra1&limit=500&offset=2',
      'GET /api/dcim/devices/?site=fra1&limit=500&offset=4',
    ]);
  });

  test.each([
    [429, { 'retry-after': '0' }],
    [500, {}],
    [503, {}],
  ])('tries again after a %i', async (status, headers) => {
    netbox.devices = [someDevice(1)];
    netbox.misbehaviours.push({ status, body: '{}', headers }, { status, body: '{}', headers });
    expect(await devices()).toHaveLength(1);
    expect(netbox.requests).toHaveLength(3);
  });

  test('gives up after four tries', async () => {
    for (let attempt = 0; attempt < 4; attempt++)
      netbox.misbehaviours.push({ status: 502, body: 'Bad Gateway' });
    await expect(devices()).rejects.toThrow('GET /api/dcim/devices/: the status is 502: Bad Gateway');
    expect(netbox.requests).toHaveLength(4);
  });

  test.each([
    ['<html>login</html>', 200, 'the answer is not JSON; is this the address of a NetBox?'],
    ['[]', 200, 'the answer is not a list of NetBox'],
    ['{"next":null,"results":[{"id":7,"name":5}]}', 200, 'object 7 is not as expected'],
    ['{"next":"nowhere","results":[]}', 200, 'the address of the next page is not one'],
    ['{}', 404, 'NetBox has no such path'],
    ['', 302, 'redirect'],
  ])('says what is wrong with %s (%i)', async (body, status, message) => {
    const headers = status === 302 ? { location: 'http://127.0.0.1:1/' } : {};
    for (let attempt = 0; attempt < 4; attempt++) netbox.misbehaviours.push({ status, body, headers });
    await expect(devices()).rejects.toThrow(message);
  });

  test('sends its token nowhere else', async () => {
    netbox.devices = [1, 2, 3].map((id) => someDevice(id));
    netbox.nextOrigin = 'http://evil.example:8000';
    await expect(devices()).rejects.toThrow('the next page is on another server, evil.example:8000');
    // A proxy that does TLS: NetBox names itself by another scheme and port.
    netbox.nextOrigin = 'https://127.0.0.1';
    expect(await devices()).toHaveLength(3);
  });

  test('says that the token is wrong, and that nobody answers', async () => {
    await expect(devices(client({ token: 'wrong' }))).rejects.toThrow('NetBox does not know it');
    const gone = new FakeNetBox();
    const nobody = await gone.start();
    await gone.stop();
    await expect(devices(client({ url: nobody }))).rejects.toThrow('ECONNREFUSED');
  });

  test('waits for an answer for a limited time', async () => {
    const send: typeof fetch = (_url, init) =>
      new Promise((_resolve, reject) => {
        init?.signal?.addEventListener('abort', () => reject(init.signal?.reason as Error));
      });
    await expect(devices(client({ send, timeoutMs: 5 }))).rejects.toThrow('no answer within 0.005 s');
  });
});

const machine = (device: object, ...interfaces: object[]) =>
  machineOfDevice(
    deviceSchema.parse(device),
    interfaces.map((one) => interfaceSchema.parse(one)),
    CUSTOM,
  );

describe('the machine of a device', () => {
  test('has its cards, address, serial number, place and custom fields', () => {
    const device = someDevice(1, {
      name: 'Node 1.rack7',
      tags: [{ slug: 'gpu' }],
      custom_fields: { bios: 'UEFI', disks: ['/dev/sda'], other: 'x' },
    });
    expect(
      machine(
        device,
        someInterface(1, 1, '52:54:00:AA:00:01'),
        someInterface(2, 1, '52:54:00:AA:00:02', { mgmt_only: true }),
        someInterface(3, 1, '52:54:00:AA:00:03', { enabled: false }),
        someInterface(4, 1, null, { mac_addresses: [{ mac_address: '52:54:00:AA:00:04' }] }),
        // NetBox before 4.2.
        someInterface(5, 1, '52:54:00:AA:00:05', { mac_addresses: undefined }),
      ),
    ).toEqual({
      kind: 'machine',
      document: {
        id: 'node-1.rack7',
        mac: ['52:54:00:aa:00:01', '52:54:00:aa:00:04', '52:54:00:aa:00:05'],
        serial: 'S1',
        address: '10.0.1.1',
        hostname: 'node-1.rack7',
        labels: {
          site: 'fra1',
          rack: 'R7',
          role: 'worker',
          status: 'active',
          position: '12',
          'tag.gpu': 'true',
          bios: 'UEFI',
        },
        metadata: { disks: ['/dev/sda'] },
      },
    });
  });

  test.each([
    [someDevice(1, { name: null }), 'device 1', 'it has no name'],
    [someDevice(1, { name: '***' }), '***', 'its name has no letter or digit'],
  ])('is none for a device without a usable name', (device, named, reason) => {
    expect(machine(device, someInterface(1, 1, '52:54:00:aa:00:01'))).toEqual({
      kind: 'skipped',
      device: named,
      reason,
    });
  });

  test('is none for a device without a network card', () => {
    expect(machine(someDevice(1))).toMatchObject({
      kind: 'skipped',
      reason: 'no enabled interface has a MAC address',
    });
  });
});
