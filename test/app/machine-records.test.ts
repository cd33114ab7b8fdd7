import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { catalogTree } from '../catalog/catalog-tree.ts';
import { ApiRig } from './api-rig.ts';

// Starting the whole program takes a while when all tests run at once.
vi.setConfig({ testTimeout: 60_000 });

const FILES = {
  'profiles/p.yaml': 'id: p\nboot: {kernel: "/{{image}}"}\n',
  'groups/g.yaml': 'id: g\nprofile: p\nselector: {rack: "7"}\nmetadata: {image: standard}\n',
  'machines/m.yaml': 'id: filed\nmac: 52:54:00:00:00:99\nlabels: {rack: "7"}\n',
};
const NODE = {
  id: 'node1',
  mac: '52:54:00:00:00:01',
  labels: { rack: '7' },
  metadata: { image: 'special', password: 'Hunter2Secret' },
};

let tree: string;
let rig: ApiRig;

beforeEach(async () => {
  tree = catalogTree(FILES);
  rig = await ApiRig.start(tree);
});
afterEach(() => rig.app.stop());

/** The image that the machine's kernel is of. */
const bootsFrom = async (mac = NODE.mac): Promise<string | undefined> =>
  /\b(special|standard)\b/.exec(await (await fetch(`${rig.boot}/ipxe?mac=${mac}`)).text())?.[1];
const audited = async (target: string): Promise<readonly unknown[]> =>
  (await rig.ask('GET', `/audit?target=${target}`)).body.items;

describe('a machine that is written over the API', () => {
  test('is made, boots at once, is changed, and is there after a restart', async () => {
    const made = await rig.ask('POST', '/machines?reason=new', NODE);
    expect(made).toMatchObject({
      status: 201,
      body: { id: 'node1', sources: ['api'], group: 'g', state: 'ready' },
    });
    expect(await bootsFrom()).toBe('special');
    const patched = await rig.ask('PATCH', '/machines/node1?reason=moved', {
      labels: { slot: '3' },
      metadata: { image: null },
    });
    expect(patched).toMatchObject({ status: 200, body: { labels: { rack: '7', slot: '3' } } });
    expect(await bootsFrom()).toBe('standard');
    await rig.app.stop();
    rig = await ApiRig.start(tree);
    expect((await rig.ask('GET', '/machines/node1')).body).toMatchObject({
      labels: { rack: '7', slot: '3' },
    });
    expect(await audited('node1')).toMatchObject([
      {
        verb: 'patch',
        reason: 'moved',
        address: '127.0.0.1',
        detail: {
          source: 'api',
          changes: [
            { field: 'labels.slot', before: null, after: '3' },
            { field: 'metadata.image', before: '(not shown)', after: null },
          ],
        },
      },
      { verb: 'create', reason: 'new', actor: 'token:file', outcome: 'done' },
    ]);
    expect(JSON.stringify(await audited('node1'))).not.toContain('Hunter2Secret');
  });

  test('is replaced as a whole, and made if there is none', async () => {
    const { id: _id, ...record } = NODE;
    expect((await rig.ask('PUT', '/machines/node1', record)).status).toBe(201);
    const replaced = await rig.ask('PUT', '/machines/node1', { mac: NODE.mac, labels: { rack: '8' } });
    expect(replaced).toMatchObject({ status: 200, body: { labels: { rack: '8' } } });
    expect((await rig.ask('GET', '/machines/node1/record')).body).toEqual({
      id: 'node1',
      mac: NODE.mac,
      labels: { rack: '8' },
    });
    expect((await rig.ask('DELETE', '/machines/node1')).status).toBe(204);
    expect((await rig.ask('GET', '/machines/node1')).status).toBe(404);
  });

  test('of two writers with the same ETag, the second is told so', async () => {
    await rig.ask('POST', '/machines', NODE);
    const { etag } = await rig.ask('GET', '/machines/node1');
    const write = (rack: string) =>
      rig.ask('PATCH', '/machines/node1', { labels: { rack } }, { 'if-match': etag });
    const both = await Promise.all([write('8'), write('9')]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 412]);
    const winner = both.find(({ status }) => status === 200);
    expect((await rig.ask('GET', '/machines/node1')).body.labels).toEqual(winner?.body.labels);
    const again = await rig.ask(
      'PATCH',
      '/machines/node1',
      { labels: { rack: '5' } },
      { 'if-match': winner?.etag ?? '' },
    );
    expect(again.status).toBe(200);
  });

  test('shows its metadata only to whoever may see secrets', async () => {
    await rig.ask('POST', '/machines', NODE);
    const operator = await rig.tokenFor({ name: 'o', role: 'operator' });
    const seen = await rig.ask('GET', '/machines/node1/record', undefined, operator);
    expect(seen.body).toEqual({ id: 'node1', mac: NODE.mac, labels: NODE.labels });
    expect((await rig.ask('GET', '/machines/node1/record')).body).toEqual(NODE);
  });

  test.each([
    ['POST', '/machines', { ...NODE, id: 'filed' }, 409, 'managed_by_files', 'a file declares machine filed'],
    [
      'PATCH',
      '/machines/filed',
      { labels: { rack: '1' } },
      409,
      'managed_by_files',
      'a file declares machine filed',
    ],
    ['PATCH', '/machines/nobody', { labels: {} }, 404, 'not_found', 'there is no machine nobody'],
    [
      'POST',
      '/machines',
      { ...NODE, mac: '52:54:00:00:00:99' },
      409,
      'identity_conflict',
      'belongs to machine filed',
    ],
    ['POST', '/machines', { ...NODE, mac: 'zz' }, 400, 'invalid_request', 'mac'],
    ['POST', '/machines', { ...NODE, colour: 'red' }, 400, 'invalid_request', 'unknown key "colour"'],
    ['POST', '/machines', [], 400, 'invalid_request', ''],
    ['PUT', '/machines/node1', { ...NODE, id: 'node2' }, 400, 'invalid_request', 'the path names node1'],
  ])('%s %s with %j gets %i %s', async (method, place, body, status, code, message) => {
    const answer = await rig.ask(method, place, body);
    expect(answer).toMatchObject({ status, body: { code } });
    expect(JSON.stringify(answer.body)).toContain(message.replaceAll('"', '\\"'));
    expect((await rig.ask('GET', '/machines')).body.items).toMatchObject([{ id: 'filed' }]);
  });

  test('that is locked is not changed', async () => {
    await rig.ask('POST', '/machines', NODE);
    await rig.ask('POST', '/machines/node1/lock', { reason: 'in production' });
    const answer = await rig.ask('PATCH', '/machines/node1', { labels: { rack: '1' } });
    expect(answer).toMatchObject({ status: 409, body: { code: 'machine_locked' } });
    expect(answer.body.detail).toContain('in production');
  });
});

const machine = (index: number, labels: object = { rack: '7' }) => ({
  id: `n${index}`,
  mac: `02:00:00:00:${(index >> 8).toString(16).padStart(2, '0')}:${(index & 255).toString(16).padStart(2, '0')}`,
  labels,
});
const set = (from: number, to: number, labels?: object) => ({
  machines: Array.from({ length: to - from }, (_, index) => machine(from + index, labels)),
});
const put = (body: unknown, query = '', headers = {}) =>
  rig.ask('PUT', `/inventories/netbox/machines${query}`, body, headers);

describe('an inventory', () => {
  test('is replaced as a whole: what is new comes, what changed changes, what is gone goes', async () => {
    expect((await put(set(0, 20))).body).toMatchObject({ added: { length: 20 }, removed: [], unchanged: 0 });
    expect(await bootsFrom(machine(3).mac)).toBe('standard');
    const next = { machines: [...set(2, 20).machines, ...set(20, 23).machines] };
    next.machines[0] = machine(2, { rack: '8' });
    const dry = await put(next, '?dry_run=true');
    const wanted = {
      added: ['n20', 'n21', 'n22'],
      changed: [{ id: 'n2', fields: ['labels'] }],
      removed: ['n0', 'n1'],
      unchanged: 17,
    };
    expect(dry.body).toEqual({ dry_run: true, ...wanted });
    expect((await rig.ask('GET', '/inventories/netbox')).body).toMatchObject({ machines: 20 });
    expect((await put(next)).body).toEqual({ dry_run: false, ...wanted });
    expect((await rig.ask('GET', '/inventories')).body.items).toMatchObject([
      { name: 'netbox', machines: 21, put_by: 'token:file' },
    ]);
    expect((await put(next)).body).toMatchObject({ added: [], changed: [], removed: [], unchanged: 21 });
    await rig.app.stop();
    rig = await ApiRig.start(tree);
    const ids = (await rig.ask('GET', '/machines?limit=100')).body.items as {
      id: string;
      sources: string[];
    }[];
    expect(ids.filter(({ sources }) => sources.includes('netbox'))).toHaveLength(21);
    expect(await audited('inventory:netbox')).toMatchObject([
      { verb: 'put_inventory', detail: { added: 0, unchanged: 21 } },
      { verb: 'put_inventory', detail: { added: 3, changed: 1, removed: 2, ids: { removed: ['n0', 'n1'] } } },
      { verb: 'put_inventory', detail: { added: 20 } },
    ]);
  });

  test('with faults changes nothing, and every faulty entry is named', async () => {
    await put(set(0, 5));
    const bad = {
      machines: [
        machine(0),
        { ...machine(1), mac: 'zz' },
        machine(2),
        { id: 'n2', uuid: 'x' },
        { ...machine(4), mac: machine(0).mac },
      ],
    };
    const answer = await put(bad);
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    const named = new Set(answer.body.errors.map(({ id, index }) => `${index} ${id}`));
    expect([...named]).toEqual(['1 n1', '3 n2', '4 n4']);
    expect((await rig.ask('GET', '/inventories/netbox')).body.machines).toBe(5);
    expect((await put({ machines: 'all' })).status).toBe(400);
    expect((await put([])).status).toBe(400);
  });

  test('that suddenly lacks much is refused, unless the number is meant', async () => {
    await put(set(0, 100));
    const less = await put(set(0, 75));
    expect(less).toMatchObject({ status: 409, body: { code: 'too_many_removals' } });
    expect(less.body.detail).toContain(
      'would remove 25 of 100 machines; if that is meant, send it again with allow_removal=25',
    );
    expect((await put(set(0, 75), '?allow_removal=30')).status).toBe(409);
    expect((await put(set(0, 80))).status).toBe(200);
    expect((await put(set(0, 5), '?allow_removal=75')).status).toBe(200);
    expect((await rig.ask('DELETE', '/inventories/netbox')).status).toBe(409);
    expect((await rig.ask('DELETE', '/inventories/netbox?allow_removal=5')).body.removed).toHaveLength(5);
    expect((await rig.ask('GET', '/inventories')).body.items).toEqual([]);
    expect((await rig.ask('DELETE', '/inventories/netbox?allow_removal=0')).status).toBe(404);
  });

  test('is written only by tokens that may, and under a name of its own', async () => {
    const own = await rig.tokenFor({ name: 'nb', role: 'inventory', inventories: ['netbox'] });
    expect((await put(set(0, 1), '', own)).status).toBe(200);
    const other = await rig.ask('PUT', '/inventories/cmdb/machines', set(0, 1), own);
    expect(other).toMatchObject({
      status: 403,
      body: { detail: 'token:nb may not replace the inventory cmdb' },
    });
    expect((await rig.ask('PUT', '/inventories/files/machines', set(0, 1))).status).toBe(403);
    expect((await rig.ask('PATCH', '/machines/n0', { labels: {} }, own)).status).toBe(403);
    const edited = await rig.ask('PATCH', '/machines/n0', { labels: {} });
    expect(edited).toMatchObject({ status: 409, body: { code: 'managed_by_inventory' } });
  });

  test('does not change machines that are locked', async () => {
    await put(set(0, 3));
    await rig.ask('POST', '/machines/n1/lock', { reason: 'in production' });
    const answer = await put({ machines: [machine(0), machine(1, { rack: '9' })] });
    expect(answer).toMatchObject({
      status: 409,
      body: {
        code: 'machine_locked',
        errors: [{ index: 1, id: 'n1', message: 'it is locked: in production' }],
      },
    });
    expect((await put(set(0, 2))).status).toBe(200);
  });

  test('of 1,500 machines is moved in several transactions, and is whole after a restart', async () => {
    expect((await put(set(0, 1500))).body.added).toHaveLength(1500);
    await rig.app.stop();
    rig = await ApiRig.start(tree);
    expect((await rig.ask('GET', '/inventories/netbox')).body.machines).toBe(1500);
    let count = 0;
    for (let cursor = ''; ;) {
      const { body } = await rig.ask('GET', `/machines?limit=1000&fields=id${cursor}`);
      count += body.items.length;
      if (body.next_cursor === null) break;
      cursor = `&cursor=${body.next_cursor}`;
    }
    expect(count).toBe(1501);
  });
});
