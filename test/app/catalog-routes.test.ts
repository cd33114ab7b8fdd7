import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { catalogTree } from '../catalog/catalog-tree.ts';
import { ApiRig } from './api-rig.ts';

// Starting the whole program takes a while when all tests run at once.
vi.setConfig({ testTimeout: 60_000 });

const FILES = {
  'profiles/worker.yaml':
    'id: worker\nboot: {kernel: /assets/flatcar/current/vmlinuz, initrd: [/assets/gone.cpio], args: ["pw={{rootPassword}}", "ntp={{ntp}}"]}\nignition: worker.bu\n',
  'profiles/worker.bu':
    'variant: flatcar\nversion: 1.1.0\nstorage:\n  files:\n    - path: /etc/pw\n      contents: {inline: "{{rootPassword}} {{ntp}}"}\n',
  'groups/g.yaml':
    'id: workers\nprofile: worker\nselector: {rack: "7"}\nmetadata: {ntp: time.example.com, rootPassword: GroupDefault}\n',
  'groups/h.yaml': 'id: other\nprofile: missing\nselector: {rack: "8"}\n',
  'machines/m.yaml':
    'id: node1\nmac: 52:54:00:00:00:01\nlabels: {rack: "7"}\nmetadata: {rootPassword: Hunter2Secret}\n---\nid: node2\nmac: 52:54:00:00:00:02\nlabels: {rack: "8"}\n',
};

let tree: string;
let rig: ApiRig;

beforeEach(async () => {
  tree = catalogTree(FILES);
  mkdirSync(path.join(tree, 'assets/flatcar/4593'), { recursive: true });
  writeFileSync(path.join(tree, 'assets/flatcar/4593/vmlinuz'), 'kernel');
  symlinkSync('4593', path.join(tree, 'assets/flatcar/current'));
  symlinkSync('..', path.join(tree, 'assets/flatcar/4593/circle'));
  symlinkSync('/etc', path.join(tree, 'assets/outside'));
  rig = await ApiRig.start(tree);
});
afterEach(() => rig.app.stop());

describe('the catalog', () => {
  test('shows what serves, and what is wrong', async () => {
    const { body } = await rig.ask('GET', '/catalog');
    expect(body).toMatchObject({
      generation: { from: 'files', profiles: 1, groups: 2, machines: 2 },
      conditions: [
        { type: 'Serving', status: true },
        { type: 'Current', status: true },
        { type: 'Valid', status: false, message: 'the files have a problem' },
      ],
      problems: [{ file: 'groups/h.yaml', line: 2 }],
    });
  });

  test('is read again when somebody asks, and past generations are listed', async () => {
    rmSync(path.join(tree, 'groups/h.yaml'));
    const reloaded = await rig.ask('POST', '/catalog/reload');
    expect(reloaded.body).toMatchObject({ problems: [] });
    const { items } = (await rig.ask('GET', '/catalog/generations')).body;
    expect(items).toMatchObject([{ problems: 0 }, { problems: 1 }]);
    const viewer = await rig.tokenFor({ name: 'v', role: 'viewer' });
    expect((await rig.ask('POST', '/catalog/reload', undefined, viewer)).status).toBe(403);
  });

  test('has groups, profiles, templates and assets, with who uses them', async () => {
    expect((await rig.ask('GET', '/groups')).body.items).toEqual([
      {
        id: 'other',
        profile: 'missing',
        priority: 0,
        selector: [{ label: 'rack', requirement: expect.any(String) as string }],
        metadata_keys: [],
        problem: expect.stringContaining('groups/h.yaml:2') as string,
      },
      {
        id: 'workers',
        profile: 'worker',
        priority: 0,
        selector: [{ label: 'rack', requirement: expect.any(String) as string }],
        metadata_keys: ['ntp', 'rootPassword'],
      },
    ]);
    expect((await rig.ask('GET', '/groups/workers')).status).toBe(200);
    expect((await rig.ask('GET', '/groups/nobody')).status).toBe(404);
    expect((await rig.ask('GET', '/profiles')).body.items).toMatchObject([
      { id: 'worker', groups: ['workers'], ignition: ['worker.bu'], lifecycle: 'live' },
    ]);
    expect((await rig.ask('GET', '/profiles/worker')).status).toBe(200);
    expect((await rig.ask('GET', '/profiles/nobody')).status).toBe(404);
    expect((await rig.ask('GET', '/templates')).body.items).toEqual([
      { name: 'worker.bu', profiles: ['worker'] },
    ]);
    const assets = (await rig.ask('GET', '/assets')).body;
    expect(assets.items).toMatchObject([
      { path: 'flatcar/4593/vmlinuz', size: 6, profiles: [] },
      { path: 'flatcar/current/vmlinuz', size: 6, profiles: ['worker'] },
    ]);
    expect(assets).toMatchObject({
      missing: [{ path: 'gone.cpio', profiles: ['worker'] }],
      is_complete: true,
    });
  });
});

describe('one machine', () => {
  test('is explained', async () => {
    expect((await rig.ask('GET', '/machines/node1/explain')).body).toMatchObject({
      machine: 'node1',
      decision: 'boot',
      group: 'workers',
      profile: 'worker',
      others: [{ group: 'other', reason: expect.stringContaining('rack') as string }],
    });
    expect((await rig.ask('GET', '/machines/node2/explain')).body).toMatchObject({
      decision: 'wait',
      reason: expect.stringContaining('missing') as string,
      group: 'other',
    });
    expect((await rig.ask('GET', '/machines/nobody/explain')).status).toBe(404);
  });

  test.each(['ipxe', 'grub', 'ignition', 'butane', 'metadata'])(
    'is rendered as %s without its secrets',
    async (kind) => {
      const { body, status } = await rig.ask('GET', `/machines/node1/render/${kind}`);
      const text = String(body['text']);
      expect(status).toBe(200);
      expect(decodeURIComponent(text)).toContain('time.example.com');
      expect(decodeURIComponent(text)).toContain('«secret»');
      expect(text).not.toContain('Hunter2Secret');
      const shown = await rig.ask('GET', `/machines/node1/render/${kind}?secrets=show`);
      expect(String(shown.body['text'])).toContain('Hunter2Secret');
    },
  );

  test('shows its secrets only to whoever may see them, and that is in the audit', async () => {
    const operator = await rig.tokenFor({ name: 'o', role: 'operator' });
    const place = '/machines/node1/render/ipxe?secrets=show';
    const refused = await rig.ask('GET', place, undefined, operator);
    expect([refused.status, JSON.stringify(refused.body)]).toEqual([
      403,
      expect.not.stringContaining('Hunter2') as string,
    ]);
    expect((await rig.ask('GET', place)).status).toBe(200);
    expect((await rig.ask('GET', '/audit?target=node1')).body.items).toMatchObject([
      { verb: 'show_secrets', actor: 'token:file', outcome: 'done', detail: { kind: 'ipxe' } },
      { verb: 'renderMachine', actor: 'token:o', outcome: 'denied' },
    ]);
  });

  test.each([
    ['/machines/node2/render/ipxe', 409, 'not_rendered'],
    ['/machines/node1/render/generic', 404, 'not_found'],
    ['/machines/nobody/render/ipxe', 404, 'not_found'],
    ['/machines/node1/render/poem', 400, 'bad_parameter'],
  ])('%s gets %i %s', async (place, status, code) => {
    expect(await rig.ask('GET', place)).toMatchObject({ status, body: { code } });
  });
});
