import pino from 'pino';
import { expect, test } from 'vitest';
import { Catalog } from '../../src/catalog/catalog.ts';
import { loadCatalog } from '../../src/catalog/load-catalog.ts';
import { labelsFromQuery } from '../../src/provision/selection/labels.ts';
import { catalogTree, writeCatalogFile } from './catalog-tree.ts';

const PROFILE = 'id: p\nboot: {kernel: /k, args: ["name={{name}}"]}\n';
const groupNamed = (name: string): string =>
  `id: g\nprofile: p\nselector: {rack: "1"}\nmetadata: {name: ${name}}\n`;

function open(directory: string): Catalog {
  const now = (): Date => new Date(0);
  const log = pino({ level: 'silent' });
  return new Catalog({ directory, load: () => loadCatalog(directory, now), now, log });
}

/** What a machine of rack 1 would boot. */
function scriptOf(catalog: Catalog): string | undefined {
  const { generation } = catalog;
  const resolution = generation?.resolve(labelsFromQuery([['rack', '1']]), {
    card: 'unlisted',
    conflicts: [],
  });
  if (generation === undefined || resolution?.match === undefined) return undefined;
  const matched = { ...resolution, match: resolution.match };
  return generation.ipxeScript(matched, { origin: 'http://h', rawQuery: 'rack=1' });
}

test('a broken edit keeps the last good generation, and is told', async () => {
  const tree = catalogTree({ 'profiles/p.yaml': PROFILE, 'groups/g.yaml': groupNamed('one') });
  const catalog = open(tree);
  await catalog.reload();
  expect(scriptOf(catalog)).toBe('#!ipxe\nkernel /k name=one\nboot\n');
  const before = catalog.status().generation;

  writeCatalogFile(tree, 'groups/g.yaml', 'id: g\nprofile: gone\n');
  await catalog.reload();
  expect(scriptOf(catalog)).toBe('#!ipxe\nkernel /k name=one\nboot\n');
  expect(catalog.status()).toMatchObject({
    generation: before,
    problems: [{ file: 'groups/g.yaml', line: 2, column: 10, message: 'there is no profile "gone"' }],
  });

  writeCatalogFile(tree, 'groups/g.yaml', groupNamed('two'));
  await catalog.reload();
  expect(scriptOf(catalog)).toBe('#!ipxe\nkernel /k name=two\nboot\n');
  expect(catalog.status().problems).toEqual([]);
});

test('before a first good generation there is none, and the problems say why', async () => {
  const catalog = open(catalogTree({ 'groups/g.yaml': groupNamed('one') }));
  await catalog.reload();
  expect(catalog.generation).toBeUndefined();
  expect(catalog.status().problems).toHaveLength(1);
});

test('edits take effect by themselves', async () => {
  const tree = catalogTree({ 'profiles/p.yaml': PROFILE, 'groups/g.yaml': groupNamed('one') });
  const catalog = open(tree);
  await catalog.reload();
  const stop = await catalog.watch();
  try {
    const loaded = new Promise<void>((resolve) => catalog.onLoad(resolve));
    writeCatalogFile(tree, 'groups/g.yaml', groupNamed('two'));
    await loaded;
    expect(scriptOf(catalog)).toBe('#!ipxe\nkernel /k name=two\nboot\n');
  } finally {
    await stop();
  }
});

test('the id of a generation is that of its content', async () => {
  const files = { 'profiles/p.yaml': PROFILE, 'groups/g.yaml': groupNamed('one') };
  const [a, b] = [open(catalogTree(files)), open(catalogTree(files))];
  await Promise.all([a.reload(), b.reload()]);
  expect(a.generation?.id).toBe(b.generation?.id);
});
