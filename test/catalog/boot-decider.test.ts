import { describe, expect, test } from 'vitest';
import { BootDecider } from '../../src/catalog/boot-decider.ts';
import { loadCatalog } from '../../src/catalog/load-catalog.ts';
import { newLife } from '../../src/provision/machines/lifecycle/life.ts';
import { MachineIndex } from '../../src/provision/machines/machine-index.ts';
import { claimsOfLabels, labelsFromQuery } from '../../src/provision/selection/labels.ts';
import { AFTERWARDS, catalogTree } from './catalog-tree.ts';

const FILES = {
  'profiles/p.yaml':
    'id: secret\nboot: {kernel: /k}\nprotect: session\n---\nid: plain\nboot: {kernel: /k}\n---\nid: install\nboot: {kernel: /k}\nlifecycle: install\n',
  'groups/g.yaml': [
    'id: secret\nprofile: secret\nselector: {role: db}\n',
    'id: installed\nprofile: plain\nselector: {role: db, os: installed}\n',
    'id: plain\nprofile: plain\nselector: {role: web}\n',
    'id: disks\nprofile: install\nselector: {role: disk}\n',
  ].join('---\n'),
  'machines/m.yaml': [
    'id: db1\nmac: 52:54:00:00:00:01\nlabels: {role: db}\n',
    'id: web1\nmac: 52:54:00:00:00:02\nlabels: {role: web}\n',
    'id: disk1\nmac: 52:54:00:00:00:03\nlabels: {role: disk}\n',
  ].join('---\n'),
};

async function decide(query: string) {
  const loaded = await loadCatalog(catalogTree(FILES), AFTERWARDS);
  if (loaded.problems.length > 0) throw new Error(JSON.stringify(loaded.problems));
  const decider = new BootDecider({
    generation: () => loaded.generation,
    unmatched: 'wait',
    lives: { inherit: () => undefined, find: () => undefined, of: newLife, nowMs: () => 0 },
  });
  const labels = labelsFromQuery(new URLSearchParams(query));
  return decider.decide(labels, new MachineIndex(loaded.machines).identify(claimsOfLabels(labels)));
}

describe('which machine is protected', () => {
  test.each([
    ['one whose profile says so', 'mac=525400000001', 'secret', true],
    ['the same machine, whatever other group is named', 'mac=525400000001&os=installed', 'installed', true],
    ['one that is named by its labels alone', 'mac=525400000009&role=db', 'secret', true],
    ['not one of another group', 'mac=525400000002', 'plain', false],
    [
      'not one that says what selects a group without protection',
      'mac=525400000009&role=db&os=installed',
      'installed',
      false,
    ],
  ])('%s', async (_name, query, group, isProtected) => {
    const { policy, resolution } = await decide(query);
    expect([resolution.group?.id, policy.isProtected]).toEqual([group, isProtected]);
  });
});
