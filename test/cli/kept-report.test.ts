import { existsSync, renameSync } from 'node:fs';
import { expect, test } from 'vitest';
import { checkTree } from '../../src/cli/check-tree.ts';
import { completeStore } from '../../src/store/open-store.ts';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { CatalogRig } from '../catalog/catalog-rig.ts';
import { catalogTree, writeCatalogFile } from '../catalog/catalog-tree.ts';

const FILES = {
  'railhead.yaml': '{}\n',
  'profiles/p.yaml': 'id: p\n',
  'groups/g.yaml': 'id: g\nprofile: p\n',
};

/** A tree that was served, and the store of its server, which still runs and has the lock. */
async function served() {
  const tree = catalogTree(FILES);
  const rig = new CatalogRig(tree);
  await rig.catalog.reload();
  const store = completeStore(
    await openSqliteStore({ file: `${tree}/data/railhead.db`, synchronous: 'normal' }),
  );
  if (rig.keeper.kept !== undefined) await store.catalog.keepCatalog(rig.keeper.kept);
  return { tree, store, generation: rig.catalog.generation?.id };
}

test('a file that is broken now is told with when its last good version is from, and one that never was good', async () => {
  const { store, tree } = await served();
  expect((await checkTree(tree)).served).toEqual([]);
  writeCatalogFile(tree, 'groups/g.yaml', 'id: g\nprofile: [\n');
  writeCatalogFile(tree, 'groups/new.yaml', 'id: new\nprofile: [\n');
  const { problems, served: lines } = await checkTree(tree);
  expect(problems).toHaveLength(2);
  expect(lines).toEqual([
    'groups/g.yaml: its machines wait; which these are is known from its last good version, of 1970-01-01T00:00:00.000Z',
    'groups/new.yaml: its machines wait; no good version of it was ever served',
  ]);
  await store.close();
});

test('a catalog that cannot be read is told with the generation that is served in its place', async () => {
  const { generation, store, tree } = await served();
  for (const folder of ['profiles', 'groups']) renameSync(`${tree}/${folder}`, `${tree}/${folder}.gone`);
  const { problems, served: lines } = await checkTree(tree);
  expect(problems).toEqual([expect.stringContaining('has no profiles/')]);
  expect(lines).toEqual([
    `generation ${generation}, stored at 1970-01-01T00:00:00.000Z, is served in place of this directory`,
  ]);
  await store.close();
  // Also while no server runs, and by the name of the database.
  expect((await checkTree(tree, `${tree}/data/railhead.db`)).served).toEqual(lines);
});

test('where no server ever ran there is nothing to tell, and no database is made', async () => {
  const tree = catalogTree({ ...FILES, 'groups/g.yaml': 'id: [\n' });
  expect((await checkTree(tree)).served).toEqual([]);
  expect(existsSync(`${tree}/data`)).toBe(false);
});

test('a store that cannot be read is told, and does not keep the catalog from being checked', async () => {
  const tree = catalogTree({ ...FILES, 'data/railhead.db': 'this is a letter'.repeat(100) });
  const { problems, served: lines } = await checkTree(tree);
  expect(problems).toEqual([]);
  expect(lines).toEqual([
    expect.stringMatching(/^what a server would serve instead is not known: read the store/),
  ]);
});
