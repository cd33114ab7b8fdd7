import { renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { formatProblem } from '../../src/documents/problem.ts';
import { CatalogRig } from './catalog-rig.ts';
import { catalogTree, writeCatalogFile } from './catalog-tree.ts';

const PROFILE = 'id: p\nboot: {kernel: /k, args: ["name={{name}}"]}\n';
const groupNamed = (name: string): string =>
  `id: g\nprofile: p\nselector: {rack: "1"}\nmetadata: {name: ${name}}\n`;
const scriptNamed = (name: string): string => `#!ipxe\nkernel /k name=${name}\nboot\n`;

/** Machines without a group of their own would be reinstalled here by another group. */
const FLEET = {
  'profiles/p.yaml': PROFILE,
  'profiles/install.yaml': 'id: install\nboot: {kernel: /wipe}\n',
  'groups/g.yaml': groupNamed('one'),
  'groups/default.yaml': 'id: default\nprofile: install\n',
  'machines/m.yaml': 'id: m\nmac: 52:54:00:00:00:01\naddress: 10.0.0.1\nlabels: {rack: "1"}\n',
};
const RACK1 = { rack: '1' };
const WIPED = '#!ipxe\nkernel /wipe\nboot\n';

async function start(tree: string, before?: CatalogRig): Promise<CatalogRig> {
  const rig = new CatalogRig(tree, before?.keeper);
  await rig.catalog.reload();
  return rig;
}

describe('a problem affects only its own machines', () => {
  test('one broken profile among ten: the machines of nine boot, and the tenth reports the place', async () => {
    const files: Record<string, string> = {};
    for (let index = 0; index < 10; index++) {
      files[`profiles/p${index}.yaml`] =
        `id: p${index}\nboot: {kernel: /k${index}}\nignition: p${index}.bu\n`;
      files[`profiles/p${index}.bu`] = 'variant: flatcar\nversion: 1.0.0\n';
      files[`groups/g${index}.yaml`] = `id: g${index}\nprofile: p${index}\nselector: {n: "${index}"}\n`;
    }
    files['profiles/p7.bu'] = 'variant: flatcar\n{{shout x}}\n';
    const rig = await start(catalogTree(files));
    for (let index = 0; index < 10; index++) {
      const script = rig.boots({ n: String(index) });
      if (index === 7) expect(script).toMatch(/^waits: profiles\/p7\.bu:2:\d+: /);
      else expect(script).toBe(`#!ipxe\nkernel /k${index}\nboot\n`);
    }
    expect(rig.problems).toEqual([expect.stringMatching(/^profiles\/p7\.bu:2:\d+: /)]);
  });

  test.each([
    [
      'a profile that does not exist yet',
      'groups/g.yaml',
      groupNamed('x').replace('profile: p', 'profile: q'),
    ],
    ['an unknown key', 'groups/g.yaml', `${groupNamed('x')}extra: 1\n`],
    ['invalid YAML', 'groups/g.yaml', `${groupNamed('x')}metadata: [\n`],
    ['a profile with invalid YAML', 'profiles/p.yaml', 'id: p\nboot: {kernel\n'],
    ['a template that does not exist yet', 'profiles/p.yaml', `${PROFILE}ignition: later.bu\n`],
    [
      'an invalid DHCP option',
      'groups/g.yaml',
      `${groupNamed('x')}dhcp_options: [{code: 53, type: uint8, value: 1}]\n`,
    ],
    ['a record with a mistake', 'machines/m.yaml', FLEET['machines/m.yaml'].replace('labels', 'lables')],
  ])(
    '%s, before any good version: the machines wait, and are not selected by another group',
    async (_name, file, content) => {
      const rig = await start(catalogTree({ ...FLEET, [file]: content }));
      const query = file.startsWith('machines') ? { mac: '52:54:00:00:00:01' } : RACK1;
      expect(rig.boots(query)).toMatch(new RegExp(`^waits: ${file}:\\d+:\\d+: `));
      expect(rig.boots({ rack: '2' })).toBe(WIPED);
      expect(rig.problems.length).toBeGreaterThan(0);
    },
  );

  test('a corrected document boots its machines again', async () => {
    const tree = catalogTree({ ...FLEET, 'groups/g.yaml': 'id: g\nprofile: q\nselector: {rack: "1"}\n' });
    const rig = await start(tree);
    writeCatalogFile(tree, 'profiles/q.yaml', 'id: q\nboot: {kernel: /q}\n');
    await rig.catalog.reload();
    expect(rig.boots(RACK1)).toBe('#!ipxe\nkernel /q\nboot\n');
    expect(rig.problems).toEqual([]);
  });

  test('a failure while rendering is reported, and machines for which it does not fail boot', async () => {
    const rig = await start(
      catalogTree({
        ...FLEET,
        'groups/g.yaml': 'id: g\nprofile: p\nselector: {rack: "1"}\n',
        'machines/m.yaml': `${FLEET['machines/m.yaml']}metadata: {name: m}\n`,
      }),
    );
    expect(rig.problems).toEqual([expect.stringContaining('"name" is not defined (for group g)')]);
    expect(rig.boots(RACK1)).toContain('waits: ');
    expect(rig.boots({ mac: '52:54:00:00:00:01' })).toBe(scriptNamed('m'));
  });
});

describe('the last good version', () => {
  const BROKEN: [name: string, file: string, content: string][] = [
    ['a group with invalid YAML', 'groups/g.yaml', 'id: g\nselector: {rack: [\n'],
    [
      'a group whose selector is mistyped',
      'groups/g.yaml',
      groupNamed('one').replace('selector', 'selectors'),
    ],
    [
      'a group whose selector is invalid',
      'groups/g.yaml',
      groupNamed('one').replace('{rack: "1"}', '{mac: "5"}'),
    ],
    ['a file that is not text', 'groups/g.yaml', '\0\0\xff\xfe'],
  ];
  test.each(BROKEN)(
    "%s: the last good version determines the group's machines, also after a restart",
    async (_name, file, content) => {
      const tree = catalogTree(FLEET);
      const rig = await start(tree);
      expect(rig.boots(RACK1)).toBe(scriptNamed('one'));
      writeCatalogFile(tree, file, Buffer.from(content, 'latin1'));
      await rig.catalog.reload();
      for (const one of [rig, await start(tree, rig)]) {
        expect(one.boots(RACK1)).toMatch(/^waits: groups\/g\.yaml/);
        expect(one.boots({ rack: '2' })).toBe(WIPED);
        expect(one.catalog.status().standIns).toEqual([{ file: 'groups/g.yaml', since: new Date(0) }]);
      }
    },
  );

  test.each([
    ['a mistyped key', FLEET['machines/m.yaml'].replace('address', 'adress')],
    ['invalid YAML', 'id: m\nmac: [\n'],
    ['an invalid address', FLEET['machines/m.yaml'].replace('10.0.0.1', '10.0.0.300')],
    ['bytes that are not text', '\xff'],
  ])('a record with %s keeps its machine and its address', async (_name, content) => {
    const tree = catalogTree(FLEET);
    const rig = await start(tree);
    writeCatalogFile(tree, 'machines/m.yaml', Buffer.from(content, 'latin1'));
    await rig.catalog.reload();
    for (const one of [rig, await start(tree, rig)]) {
      expect(one.address('52:54:00:00:00:01')).toBe('10.0.0.1');
      expect(one.boots({ mac: '52:54:00:00:00:01' })).toMatch(/^waits: machines\/m\.yaml/);
    }
  });

  test('stays the last good one, even if a document is broken again in other ways', async () => {
    const tree = catalogTree(FLEET);
    let rig = await start(tree);
    for (const content of ['id: g\n', '[', 'id: g\nprofile: p\nselector: {rack: 1}\n']) {
      writeCatalogFile(tree, 'groups/g.yaml', content);
      writeCatalogFile(tree, 'groups/other.yaml', `id: o\nprofile: p\nselector: {o: "${content.length}"}\n`);
      rig = await start(tree, rig);
      expect(rig.boots(RACK1)).toMatch(/^waits: groups\/g\.yaml/);
    }
  });

  test('of a removed document is not used', async () => {
    const tree = catalogTree(FLEET);
    const rig = await start(tree);
    rmSync(path.join(tree, 'groups/g.yaml'));
    await rig.catalog.reload();
    expect((await start(tree, rig)).boots(RACK1)).toBe(WIPED);
  });

  test('of all files is used while the directory cannot be read', async () => {
    const tree = catalogTree(FLEET);
    const rig = await start(tree);
    const { generation } = rig.catalog.status();
    renameSync(tree, `${tree}-away`);
    await rig.catalog.reload();
    for (const one of [rig, await start(tree, rig)]) {
      expect(one.boots(RACK1)).toBe(scriptNamed('one'));
      expect(one.address('52:54:00:00:00:01')).toBe('10.0.0.1');
      expect(one.catalog.status().generation).toMatchObject({
        id: generation?.id,
        from: 'kept',
        keptAt: new Date(0),
      });
      expect(one.problems).toEqual([`${tree}: this directory does not exist`]);
    }
    renameSync(`${tree}-away`, tree);
    await rig.catalog.reload();
    expect(rig.catalog.status().generation?.from).toBe('files');
    expect(rig.problems).toEqual([]);
  });

  test('of all files is used if the directory is empty, as when a disk is not mounted', async () => {
    const tree = catalogTree(FLEET);
    const rig = await start(tree);
    for (const folder of ['profiles', 'groups', 'machines'])
      rmSync(path.join(tree, folder), { recursive: true });
    const again = await start(tree, rig);
    expect(again.boots(RACK1)).toBe(scriptNamed('one'));
    expect(again.problems).toEqual([
      expect.stringContaining('has no profiles/, groups/ or machines/ any more: mount or restore it'),
    ]);
    writeCatalogFile(tree, 'profiles/.keep', '');
    await again.catalog.reload();
    expect(again.boots(RACK1)).toBe('no group');
  });

  test('that is damaged in the store is not used, and that is reported', async () => {
    const tree = catalogTree(FLEET);
    const rig = await start(tree);
    const kept = rig.keeper.kept;
    if (kept === undefined) throw new Error('nothing was kept');
    const content = Uint8Array.from(kept.content);
    content[content.length - 20] = (content[content.length - 20] ?? 0) ^ 1;
    rig.keeper.kept = { ...kept, content };
    rmSync(tree, { recursive: true });
    const again = await start(tree, rig);
    expect(again.boots(RACK1)).toBe('nothing serves');
  });
});

test('without any good version nothing serves, and the reason is reported', async () => {
  const rig = await start('/nowhere/at/all');
  expect(rig.catalog.generation).toBeUndefined();
  expect(rig.catalog.status()).not.toHaveProperty('generation');
  expect(rig.problems).toEqual(['/nowhere/at/all: this directory does not exist']);
});

describe('of documents that contradict each other, the unchanged one is used', () => {
  test.each([
    ['an id', 'machines/a.yaml', 'id: m\nmac: 52:54:00:00:00:09\n'],
    ['a MAC address', 'machines/a.yaml', 'id: a\nmac: 52:54:00:00:00:01\naddress: 10.0.0.9\n'],
    ['an address', 'machines/a.yaml', 'id: a\nmac: 52:54:00:00:00:09\naddress: 10.0.0.1\n'],
    ['the selector of a group', 'groups/a.yaml', groupNamed('two').replace('id: g', 'id: a')],
    ['the id of a group', 'groups/a.yaml', groupNamed('two').replace('rack: "1"', 'rack: "9"')],
    ['the id of a profile', 'profiles/a.yaml', 'id: p\nboot: {kernel: /other}\n'],
  ])('%s', async (_name, file, content) => {
    const tree = catalogTree(FLEET);
    const rig = await start(tree);
    writeCatalogFile(tree, file, content);
    await rig.catalog.reload();
    for (const one of [rig, await start(tree, rig)]) {
      expect(one.address('52:54:00:00:00:01')).toBe('10.0.0.1');
      expect(one.boots({ mac: '52:54:00:00:00:01' })).toBe(scriptNamed('one'));
      expect(one.problems).toHaveLength(1);
      expect(one.problems[0]).toContain(file);
    }
  });

  test('without an earlier version, neither of two profiles with one id is used', async () => {
    const rig = await start(catalogTree({ ...FLEET, 'profiles/a.yaml': 'id: p\nboot: {kernel: /other}\n' }));
    expect(rig.boots(RACK1)).toBe('waits: profiles/p.yaml:1:5: id p is already used in profiles/a.yaml');
  });
});

test('a kernel that is missing is a warning until a load after it appeared', async () => {
  const tree = catalogTree({
    'profiles/p.yaml':
      'id: p\nboot:\n  kernel: /assets/flatcar/vmlinuz\n  initrd: [/assets/flatcar/image.gz]\n',
    'groups/g.yaml': 'id: g\nprofile: p\n',
    'assets/flatcar/image.gz': 'initrd',
  });
  const { catalog } = new CatalogRig(tree);
  const warnings = (): string[] => catalog.status().warnings.map(formatProblem);
  await catalog.start();
  await catalog.reload();
  expect(warnings()).toEqual([
    'profiles/p.yaml:3:11: assets/flatcar/vmlinuz does not exist, and machines of group g would load it',
  ]);
  writeCatalogFile(tree, 'assets/flatcar/vmlinuz', 'kernel');
  rmSync(path.join(tree, 'assets/flatcar/image.gz'));
  await catalog.reload();
  expect(warnings()).toEqual([
    'profiles/p.yaml:4:12: assets/flatcar/image.gz does not exist, and machines of group g would load it',
  ]);
  writeCatalogFile(tree, 'assets/flatcar/image.gz', 'initrd');
  await catalog.reload();
  expect(warnings()).toEqual([]);
});

test('edits take effect automatically', async () => {
  const tree = catalogTree(FLEET);
  const { catalog } = await start(tree);
  const stop = await catalog.watch();
  try {
    const loaded = new Promise<void>((resolve) => catalog.onLoad(resolve));
    writeCatalogFile(tree, 'groups/g.yaml', groupNamed('two'));
    await loaded;
    expect(catalog.generation?.groups.find(({ id }) => id === 'g')?.metadata).toEqual({ name: 'two' });
  } finally {
    await stop();
  }
});

test('the id of a generation is that of its content', async () => {
  const [a, b] = [await start(catalogTree(FLEET)), await start(catalogTree(FLEET))];
  expect(a.catalog.generation?.id).toBe(b.catalog.generation?.id);
});
