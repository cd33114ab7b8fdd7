import { expect, test } from 'vitest';
import { loadCatalog } from '../../src/catalog/load-catalog.ts';
import { formatProblem } from '../../src/documents/problem.ts';
import { AFTERWARDS, catalogTree } from './catalog-tree.ts';

async function problemsOf(file: string, content: string): Promise<string[]> {
  const { problems } = await loadCatalog(catalogTree({ [file]: content }), AFTERWARDS);
  return problems.map(formatProblem);
}

test('a profile of Matchbox: each key that is different, with what to write', async () => {
  const profile = [
    '{',
    '\t"id": "worker",',
    '\t"name": "Flatcar",',
    '\t"boot": {"kernel": "/assets/k", "initrd": ["/assets/i"], "cmdline": {"quiet": ""}},',
    '\t"ignition_id": "worker.yaml",',
    '\t"cloud_id": "",',
    '\t"generic_id": "kickstart.cfg"',
    '}',
  ].join('\n');
  expect(await problemsOf('profiles/worker.json', profile)).toEqual([
    expect.stringMatching(
      /^profiles\/worker\.json:4:\d+: "cmdline" is a key of old versions of Matchbox: write "args"/,
    ),
    expect.stringMatching(
      /^profiles\/worker\.json:5:2: "ignition_id" .*"ignition: worker\.yaml".*without the dot of/,
    ),
    'profiles/worker.json:6:2: "cloud_id" is a key of Matchbox, and empty: remove it',
    expect.stringMatching(/^profiles\/worker\.json:7:2: .*"generic: \{kickstart\.cfg: kickstart\.cfg\}"/),
  ]);
});

test('keys that Matchbox and Railhead share are accepted', async () => {
  const tree = catalogTree({
    'profiles/a.json': '{"id": "a", "name": "A", "boot": {"kernel": "/k", "initrd": [], "args": ["quiet"]}}',
    'groups/a.json':
      '{"id": "a", "profile": "a", "selector": {"os": "installed"}, "metadata": {"pod": {"n": 1}}}',
  });
  const { problems, generation } = await loadCatalog(tree, AFTERWARDS);
  expect(problems).toEqual([]);
  expect(generation?.groups.map(({ id }) => id)).toEqual(['a']);
});

test.each([
  [
    'a profile of Matchbox with a cloud-config',
    'profiles/a.json',
    '{"id": "a", "cloud_id": "etcd.yaml"}',
    /^profiles\/a\.json:1:13: "cloud_id" .* cloud-config, which Railhead does not serve: write the config as Butane/,
  ],
  [
    'a group of an old Matchbox',
    'groups/a.json',
    '{"id": "a", "profile": "a", "requirements": {"os": "installed"}, "metadata": {"k": "SECRET"}}',
    /^groups\/a\.json:1:29: "requirements" .*: write "selector" in its place$/,
  ],
  [
    'a group among profiles',
    'profiles/a.yaml',
    'id: a\nprofile: b\nselector: {}\n',
    /^profiles\/a\.yaml:2:1: this is a group, .* move it to groups\/$/,
  ],
  [
    'a profile among groups',
    'groups/a.yaml',
    'id: a\nboot: {kernel: /k}\n',
    /^groups\/a\.yaml:2:1: this is a profile, .* move it to profiles\/$/,
  ],
  [
    'a machine among groups',
    'groups/a.yaml',
    'id: a\nmac: 52:54:00:a1:9c:ae\n',
    /^groups\/a\.yaml:2:1: this is a machine, .* move it to machines\/$/,
  ],
  [
    'a cloud-config',
    'profiles/a.yaml',
    '#cloud-config\nhostname: a\nusers: [core]\n',
    /^profiles\/a\.yaml:3:1: this is a cloud-config, which Railhead does not serve: write it as Butane/,
  ],
  [
    'a Container Linux Config',
    'profiles/a.yaml',
    'passwd:\n  users:\n    - name: core\n',
    /^profiles\/a\.yaml:1:1: this is a Container Linux Config, .*"variant: flatcar"/,
  ],
  [
    'Ignition 1',
    'profiles/a.json',
    '{"ignitionVersion": 1, "systemd": {}}',
    /^profiles\/a\.json:1:2: this is an Ignition 1 config, .*write it as Butane/,
  ],
  [
    'Butane among groups',
    'groups/a.yaml',
    'variant: flatcar\nversion: 1.1.0\n',
    /^groups\/a\.yaml:1:1: this is a Butane config: move it to profiles\/, and name it/,
  ],
  [
    'Ignition among machines',
    'machines/a.json',
    '{"ignition": {"version": "3.3.0"}}',
    /^machines\/a\.json:1:2: this is an Ignition config: move it to profiles\//,
  ],
  [
    'a document of Kubernetes',
    'profiles/a.yaml',
    'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: SECRET}\n',
    /^profiles\/a\.yaml:1:1: this is a document of Kubernetes/,
  ],
])('%s is recognised, in one line', async (_what, file, content, expected) => {
  const problems = await problemsOf(file, content);
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatch(expected);
  expect(problems[0]).not.toContain('SECRET');
});
