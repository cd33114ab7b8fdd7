import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { CatalogRig } from './catalog-rig.ts';
import { catalogTree, linkCatalogFile } from './catalog-tree.ts';

const TREE = {
  'profiles/p.yaml': 'id: p\nboot: {kernel: /k}\nignition: p.bu\ngeneric: {motd: motd.txt}\n',
  'profiles/p.bu': [
    'variant: flatcar',
    'version: 1.0.0',
    'storage:',
    '  files:',
    '    - {path: "/{{name}}", contents: {local: one}}',
    '  trees:',
    '    - {local: tree, path: /tree}',
  ].join('\n'),
  'profiles/motd.txt': 'hello\n',
  'profiles/one': 'one\n',
  'profiles/tree/run': '#!/bin/sh\n',
  'profiles/tree/other': 'other\n',
  'groups/g.yaml': 'id: g\nprofile: p\nselector: {rack: {exists: true}}\nmetadata: {name: x}\n',
  // Two machines whose configs differ, so that none is answered with an earlier result.
  'machines/a.yaml': 'id: a\nmac: 52:54:00:00:00:01\nlabels: {rack: "1"}\nmetadata: {name: a}\n',
  'machines/b.yaml': 'id: b\nmac: 52:54:00:00:00:02\nlabels: {rack: "1"}\nmetadata: {name: b}\n',
};

/** Changes of the files after they were loaded. */
const CHANGES: [name: string, change: (profiles: string) => void][] = [
  ['edited', (profiles) => writeFileSync(path.join(profiles, 'one'), 'two\n')],
  ['deleted', (profiles) => rmSync(path.join(profiles, 'one'))],
  [
    'replaced by another',
    (profiles) => {
      rmSync(path.join(profiles, 'one'));
      writeFileSync(path.join(profiles, 'one'), 'another\n');
    },
  ],
  [
    'replaced by a folder',
    (profiles) => {
      rmSync(path.join(profiles, 'one'));
      mkdirSync(path.join(profiles, 'one'));
    },
  ],
  ['made executable', (profiles) => chmodSync(path.join(profiles, 'tree/other'), 0o755)],
  ['made not executable', (profiles) => chmodSync(path.join(profiles, 'tree/run'), 0o644)],
  [
    'linked elsewhere',
    (profiles) => {
      rmSync(path.join(profiles, 'tree/link'));
      symlinkSync('other', path.join(profiles, 'tree/link'));
    },
  ],
  ['given a neighbour in its tree', (profiles) => writeFileSync(path.join(profiles, 'tree/new'), 'new\n')],
  ['removed with all of profiles/', (profiles) => rmSync(profiles, { recursive: true })],
  ['the template itself, edited', (profiles) => writeFileSync(path.join(profiles, 'p.bu'), 'nonsense')],
];

test.each(CHANGES)(
  'a file that is %s after loading changes no answer, until it is loaded',
  async (_name, change) => {
    const tree = catalogTree(TREE);
    chmodSync(path.join(tree, 'profiles/tree/run'), 0o755);
    linkCatalogFile(tree, 'profiles/tree/link', 'run');
    const rig = new CatalogRig(tree);
    await rig.catalog.reload();
    expect(rig.problems).toEqual([]);
    const before = rig.catalog.generation?.id;

    change(path.join(tree, 'profiles'));
    // Machine b sends its first request now, so its config is compiled only now.
    const config = rig.ignition({ mac: '52:54:00:00:00:02' });
    const { storage } = JSON.parse(config) as {
      storage: {
        files: { path: string; mode?: number; contents: { source: string } }[];
        links: { target: string }[];
      };
    };
    expect(storage.files.map(({ path: file, mode, contents }) => [file, mode, contents.source])).toEqual([
      ['/b', undefined, 'data:,one%0A'],
      ['/tree/other', 0o644, 'data:,other%0A'],
      ['/tree/run', 0o755, 'data:,%23!%2Fbin%2Fsh%0A'],
    ]);
    expect(storage.links).toMatchObject([{ path: '/tree/link', target: 'run' }]);

    await rig.catalog.reload();
    expect(rig.catalog.generation?.id).not.toBe(before);
  },
);
