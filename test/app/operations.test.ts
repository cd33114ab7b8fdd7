import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { catalogTree } from '../catalog/catalog-tree.ts';
import { type AnswerBody, ApiRig } from './api-rig.ts';

// Starting the whole program takes a while when all tests run at once.
vi.setConfig({ testTimeout: 60_000 });

const FILES = {
  'profiles/p.yaml': 'id: p\nboot: {kernel: /k}\nlifecycle: install\n',
  'groups/g.yaml': 'id: g\nprofile: p\n',
  'machines/m.yaml': 'id: filed\nmac: 52:54:00:00:00:99\nlabels: {row: "7"}\n',
};

let tree: string;
let rig: ApiRig;

beforeEach(async () => {
  tree = catalogTree(FILES);
  rig = await ApiRig.start(tree);
  for (let index = 0; index < 5; index++) {
    const mac = `02:00:00:00:00:0${index}`;
    await rig.ask('POST', '/machines', { id: `n${index}`, mac, labels: { row: index < 3 ? '7' : '8' } });
  }
});
afterEach(() => rig.app.stop());

const preview = async (body: object): Promise<AnswerBody> => {
  const { body: operation, status } = await rig.ask('POST', '/operations', body);
  expect([status, operation]).toMatchObject([201, { state: 'previewed', done: 0 }]);
  return operation;
};
const finished = async (id: unknown): Promise<AnswerBody> => {
  for (;;) {
    const { body } = await rig.ask('GET', `/operations/${String(id)}`);
    if (body['state'] !== 'running') return body;
  }
};
const apply = (operation: AnswerBody, more: object = {}) =>
  rig.ask('POST', `/operations/${String(operation['id'])}/apply`, { digest: operation['digest'], ...more });
const machinesOf = async (operation: AnswerBody, query = '') =>
  (await rig.ask('GET', `/operations/${String(operation['id'])}/machines${query}`)).body.items;

describe('an operation', () => {
  test('is previewed by a filter, done to each machine, and remembered with what became of it', async () => {
    await rig.ask('POST', '/machines/n1/lock', { reason: 'in production' });
    const planned = await preview({ verb: 'arm', reason: 'new image', filter: { label: ['row=7'] } });
    expect(planned).toMatchObject({ machines: 4, possible: 3, created_by: 'token:file' });
    const started = await apply(planned, { concurrency: 2 });
    expect(started).toMatchObject({ status: 202, body: { state: 'running', started_by: 'token:file' } });
    expect(await finished(planned['id'])).toMatchObject({ state: 'done', done: 3, failed: 0 });
    expect((await rig.ask('GET', '/machines/n0')).body).toMatchObject({
      state: 'armed',
      arm: { reason: 'new image' },
    });
    expect((await rig.ask('GET', '/machines/n4')).body).toMatchObject({ state: 'ready' });
    await rig.app.stop();
    rig = await ApiRig.start(tree);
    expect((await rig.ask('GET', '/operations')).body.items).toMatchObject([{ state: 'done', done: 3 }]);
    expect(
      (await rig.ask('GET', `/audit?target=operation:${String(planned['id'])}`)).body.items,
    ).toMatchObject([
      { verb: 'finish_operation', detail: { verb: 'arm', machines: 4, done: 3 } },
      { verb: 'start_operation' },
    ]);
    expect((await apply(planned)).body).toMatchObject({ code: 'operation_not_previewed' });
  });

  test('is refused if a machine has changed since, and then has a new preview', async () => {
    const planned = await preview({ verb: 'arm', ids: ['n0', 'n1'] });
    await rig.ask('POST', '/machines/n1/retire', {});
    const refused = await apply(planned);
    expect(refused).toMatchObject({ status: 409, body: { code: 'operation_changed' } });
    expect((await rig.ask('GET', '/machines/n0')).body).toMatchObject({ state: 'ready' });
    const renewed = (await rig.ask('GET', `/operations/${String(planned['id'])}`)).body;
    expect(renewed).toMatchObject({ state: 'previewed', machines: 2, possible: 1 });
    expect(await machinesOf(planned, '?case=refused')).toMatchObject([
      { id: 'n1', refusal: expect.stringContaining('retired') as string },
    ]);
    expect((await apply(renewed)).status).toBe(202);
    expect(await finished(planned['id'])).toMatchObject({ state: 'done', done: 1 });
  });

  test('that loses data needs the number', async () => {
    const planned = await preview({ verb: 'delete', ids: ['n0', 'n1', 'filed'] });
    expect(planned).toMatchObject({ machines: 3, possible: 2 });
    const refused = await apply(planned);
    expect(refused).toMatchObject({ status: 409, body: { code: 'not_confirmed' } });
    expect(refused.body.detail).toContain('send confirm: 2');
    expect((await apply(planned, { confirm: 3 })).status).toBe(409);
    expect((await apply(planned, { confirm: 2 })).status).toBe(202);
    expect(await finished(planned['id'])).toMatchObject({ state: 'done', done: 2 });
    expect((await rig.ask('GET', '/machines/n0')).status).toBe(404);
  });

  test('patches the records of machines that are kept in the database', async () => {
    const planned = await preview({
      verb: 'patch',
      parameters: { labels: { rack: 'r9' } },
      filter: { label: 'row=7' },
    });
    expect(planned).toMatchObject({ machines: 4, possible: 3 });
    expect(await machinesOf(planned, '?case=refused')).toEqual([
      { id: 'filed', refusal: 'a file declares it; change it there' },
    ]);
    await apply(planned);
    expect(await finished(planned['id'])).toMatchObject({ done: 3 });
    expect((await rig.ask('GET', '/machines/n2')).body.labels).toEqual({ row: '7', rack: 'r9' });
  });

  test('stops after so many failures, with the reason for each', async () => {
    const planned = await preview({
      verb: 'patch',
      parameters: { colour: 'red' },
      ids: ['n0', 'n1', 'n2', 'n3'],
    });
    await apply(planned, { max_failures: 2, concurrency: 1 });
    expect(await finished(planned['id'])).toMatchObject({ state: 'stopped', done: 0, failed: 2 });
    expect(await machinesOf(planned, '?case=failed')).toMatchObject([
      { id: 'n0', result: 'failed', message: expect.stringContaining('unknown key "colour"') as string },
      { id: 'n1' },
    ]);
    expect(await machinesOf(planned, '?case=waiting')).toHaveLength(2);
  });

  test('that was only previewed can be cancelled', async () => {
    const planned = await preview({ verb: 'hold', filter: {} });
    expect(planned).toMatchObject({ machines: 6 });
    const cancelled = await rig.ask('POST', `/operations/${String(planned['id'])}/cancel`);
    expect(cancelled.body).toMatchObject({ state: 'cancelled' });
    expect((await apply(planned)).body).toMatchObject({ code: 'operation_not_previewed' });
  });

  test('needs the permission of its verb, to preview and to apply it', async () => {
    const viewer = await rig.tokenFor({ name: 'v', role: 'viewer' });
    const refused = await rig.ask('POST', '/operations', { verb: 'hold', ids: ['n0'] }, viewer);
    expect(refused).toMatchObject({
      status: 403,
      body: { detail: expect.stringContaining('machines:operate') as string },
    });
    const planned = await preview({ verb: 'hold', ids: ['n0'] });
    const place = `/operations/${String(planned['id'])}`;
    expect((await rig.ask('POST', `${place}/apply`, { digest: planned['digest'] }, viewer)).status).toBe(403);
    expect((await rig.ask('POST', `${place}/cancel`, undefined, viewer)).status).toBe(403);
    expect((await rig.ask('GET', place, undefined, viewer)).status).toBe(200);
  });

  test.each([
    [{ verb: 'hold' }, 'needs either ids or filter'],
    [{ verb: 'hold', ids: ['a'], filter: {} }, 'needs either ids or filter'],
    [{ verb: 'explode', ids: ['a'] }, 'verb'],
    [{ verb: 'hold', ids: [] }, 'ids'],
    [{ verb: 'hold', filter: { state: 'purple' } }, 'state'],
  ])('%j is refused', async (body, message) => {
    const answer = await rig.ask('POST', '/operations', body);
    expect(answer.status).toBe(400);
    expect(JSON.stringify(answer.body)).toContain(message);
  });
});
