import { expect, test } from 'vitest';
import { CatalogLoader } from '../../src/catalog/catalog-loader.ts';
import { GenerationBuilder } from '../../src/catalog/generation-builder.ts';
import { formatProblem } from '../../src/documents/problem.ts';
import type { ReadTree } from '../../src/catalog/sources/catalog-source.ts';
import { CatalogTree, hashBytes, type TreeEntry } from '../../src/catalog/sources/catalog-tree.ts';

/** A source whose results the test sets. */
class FakeSource {
  readonly name = '/catalog';
  next: ReadTree = { kind: 'unreadable', reason: 'is a test' };

  read(): Promise<ReadTree> {
    return Promise.resolve(this.next);
  }
}

function treeOf(files: Readonly<Record<string, string | TreeEntry>>): ReadTree {
  const entries = new Map<string, TreeEntry>();
  for (const [file, content] of Object.entries(files)) {
    for (let at = file.lastIndexOf('/'); at > 0; at = file.lastIndexOf('/', at - 1))
      entries.set(file.slice(0, at), { kind: 'directory', mode: 0o755 });
    const bytes = Buffer.from(typeof content === 'string' ? content : '');
    entries.set(
      file,
      typeof content === 'string' ? { kind: 'file', mode: 0o644, bytes, hash: hashBytes(bytes) } : content,
    );
  }
  return { kind: 'tree', tree: new CatalogTree('/catalog', entries) };
}

const FILES = {
  'profiles/p.yaml': 'id: p\nignition: t.bu\n',
  'profiles/t.bu':
    'variant: flatcar\nversion: 1.0.0\nstorage: {files: [{path: /m, contents: {local: motd}}]}\n',
  'profiles/motd': 'hello\n',
  'groups/g.yaml': 'id: g\nprofile: p\nselector: {rack: "1"}\n',
};
const DENIED: TreeEntry = {
  kind: 'unread',
  mode: 0,
  why: 'failed',
  reason: 'cannot be read: permission denied',
};

test.each([
  ['a document', { ...FILES, 'groups/g.yaml': DENIED }, 'groups/g.yaml'],
  ['a template', { ...FILES, 'profiles/t.bu': DENIED }, 'profiles/t.bu'],
  ['a local file', { ...FILES, 'profiles/motd': DENIED }, 'profiles/motd'],
  ['a folder', { 'groups/g.yaml': FILES['groups/g.yaml'], profiles: DENIED }, 'profiles'],
])('the last good version of %s is used while it cannot be read', async (_name, files, lost) => {
  const source = new FakeSource();
  const loader = new CatalogLoader(source);
  source.next = treeOf(FILES);
  await loader.load(1);
  source.next = treeOf(files);
  const loaded = await loader.load(2);
  if (loaded.kind !== 'content') throw new Error('nothing was loaded');
  expect(loaded.problems.map(formatProblem)).toEqual([
    `${lost}: this cannot be read: permission denied; its last good version serves`,
  ]);
  expect(loaded.standIns.every(({ file, since }) => file.startsWith(lost) && since.getTime() === 1)).toBe(
    true,
  );
  expect(loaded.standIns.length).toBeGreaterThan(0);
  const generation = new GenerationBuilder().build(loaded.content, new Date(0));
  const labels = new Map([['rack', '1']]);
  const selection = generation.select(labels);
  if (selection.kind !== 'match') throw new Error(JSON.stringify(selection));
  const config = generation.ignitionConfig(
    { claimed: labels, labels, match: selection },
    { origin: 'http://h', rawQuery: '' },
  );
  expect(config?.json).toContain('data:,hello%0A');
  // Files that could not be read are not forgotten, however long that lasts.
  expect((await loader.load(3)).kind).toBe('content');
});
