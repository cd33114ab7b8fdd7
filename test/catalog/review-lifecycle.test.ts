import { expect, test } from 'vitest';
import { loadCatalog } from '../../src/catalog/load-catalog.ts';
import { formatProblem } from '../../src/documents/problem.ts';
import { AFTERWARDS, catalogTree } from './catalog-tree.ts';

const BOOT = 'boot: {kernel: /k}\n';
const GROUP = 'id: g\nprofile: p\nselector: {rack: "1"}\n';

async function warningsOf(files: Record<string, string>): Promise<string[]> {
  const loaded = await loadCatalog(catalogTree(files), AFTERWARDS);
  expect(loaded.problems.map(formatProblem)).toEqual([]);
  return loaded.warnings.map(formatProblem);
}

test.each<[string, string, string, (string | RegExp)[]]>([
  [
    'a profile that needs an arm',
    `id: p\n${BOOT}lifecycle: install\nunarmed: wait\non_failure: local\n`,
    `${GROUP}arm: auto\n`,
    [],
  ],
  ['a protected one', `id: p\n${BOOT}protect: session\non_failure: local\n`, `${GROUP}arm: auto\n`, []],
  [
    'arm: auto for a profile that needs no arm',
    `id: p\n${BOOT}`,
    `${GROUP}arm: auto\n`,
    [/^groups\/g\.yaml:4:6: arm: auto has no effect here, since profile p boots any machine/],
  ],
  [
    'keys for an arm in a profile that needs none',
    `id: p\n${BOOT}unarmed: wait\non_failure: local\n`,
    GROUP,
    [
      /^profiles\/p\.yaml:3:10: unarmed has no effect here/,
      /^profiles\/p\.yaml:4:13: on_failure has no effect here/,
    ],
  ],
  [
    'on_failure: rescue without a rescue profile',
    `id: p\n${BOOT}lifecycle: install\non_failure: rescue\n`,
    GROUP,
    [/^profiles\/p\.yaml:4:13: a machine that has failed will wait, since there is no profile "rescue"/],
  ],
  [
    'on_failure: rescue with one that it names',
    `id: p\n${BOOT}lifecycle: install\non_failure: rescue\nrescue: other\n`,
    GROUP,
    [],
  ],
])('%s', async (_name, profile, group, expected) => {
  const warnings = await warningsOf({
    'profiles/p.yaml': profile,
    'profiles/other.yaml': `id: other\n${BOOT}`,
    'groups/g.yaml': group,
  });
  expect(warnings).toEqual(expected.map((text) => expect.stringMatching(text) as string));
});

test('the rescue profile is rendered for each group whose machines are armed, and its faults are warnings', async () => {
  const files = {
    'profiles/p.yaml': `id: p\n${BOOT}lifecycle: install\n`,
    'profiles/live.yaml': `id: live\n${BOOT}`,
    'profiles/rescue.yaml': 'id: rescue\nboot: {kernel: "/k/{{key}}"}\n',
    'groups/g.yaml': GROUP,
    'groups/live.yaml': 'id: live\nprofile: live\nselector: {rack: "2"}\n',
  };
  expect(await warningsOf(files)).toEqual([
    expect.stringMatching(/^profiles\/rescue\.yaml:2:\d+: .*key.*\(for group g armed for rescue\)$/),
  ]);
  expect(await warningsOf({ ...files, 'groups/g.yaml': `${GROUP}metadata: {key: a}\n` })).toEqual([]);
});
