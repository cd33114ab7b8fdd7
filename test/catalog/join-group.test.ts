import { beforeAll, expect, test } from 'vitest';
import type { Generation } from '../../src/catalog/generation.ts';
import { joinGroup } from '../../src/catalog/join-group.ts';
import { loadCatalog } from '../../src/catalog/load-catalog.ts';
import { AFTERWARDS, catalogTree } from './catalog-tree.ts';

let generation: Generation | undefined;

beforeAll(async () => {
  const tree = catalogTree({
    'profiles/p.yaml': 'id: p\nboot: {kernel: /k}\n',
    'groups/g.yaml': [
      'id: workers\nprofile: p\nselector: {role: worker}\n',
      'id: racks\nprofile: p\nselector: {rack: ["1", "2"], role: storage}\n',
      'id: first\nprofile: p\npriority: 9\nselector: {serial: S1}\n',
      'id: faulty\nprofile: missing\nselector: {role: faulty}\n',
    ].join('---\n'),
  });
  ({ generation } = await loadCatalog(tree, AFTERWARDS));
});

test.each<[string, string, Record<string, string>, object]>([
  ['the value that the selector names', 'workers', {}, { labels: { role: 'worker' } }],
  ['the rest beside a choice', 'racks', { rack: '2' }, { labels: { role: 'storage' } }],
  ['several values', 'racks', {}, { problem: 'for group racks, its label rack must be one of 1, 2' }],
  [
    'a label that contradicts',
    'workers',
    { role: 'storage' },
    { problem: 'for group workers, its label role must be worker' },
  ],
  [
    'a group that comes before',
    'workers',
    { serial: 'S1' },
    { problem: 'with the labels of group workers, group first would select it' },
  ],
  ['a group whose profile is missing', 'faulty', {}, { labels: { role: 'faulty' } }],
  ['no such group', 'none', {}, { problem: 'there is no group none' }],
])('%s', (_what, group, labels, expected) => {
  expect(joinGroup(generation, group, new Map(Object.entries(labels)))).toEqual(expected);
});

test('no catalog', () => {
  expect(joinGroup(undefined, 'workers', new Map())).toEqual({ problem: 'there is no group workers' });
});
