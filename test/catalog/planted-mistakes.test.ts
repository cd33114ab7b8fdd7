import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadCatalog } from '../../src/catalog/load-catalog.ts';
import { formatProblem } from '../../src/documents/problem.ts';
import { AFTERWARDS, catalogTree, linkCatalogFile } from './catalog-tree.ts';

async function problemsOf(directory: string): Promise<string[]> {
  const loaded = await loadCatalog(directory, AFTERWARDS);
  return loaded.problems.map(formatProblem);
}

const GOOD_PROFILE = 'id: good\nboot:\n  kernel: /assets/k\n';
const GOOD_GROUP = 'id: good\nprofile: good\nselector: {rack: "1"}\n';

/** A mistake, the file that contains it, and the one line that must be reported. */
const MISTAKES: [name: string, file: string, content: string | Buffer, expected: string][] = [
  [
    'wrong type',
    'groups/a.yaml',
    'id: a\nprofile: good\npriority: high\n',
    'groups/a.yaml:3:11: priority: must be a whole number, not "high" (string)',
  ],
  [
    'unquoted label',
    'groups/a.yaml',
    'id: a\nprofile: good\nselector:\n  rack: 1\n',
    'groups/a.yaml:4:9: selector.rack: must be text, a list of texts, or one of cidr, in, not_in, prefix, regex, exists',
  ],
  [
    'unknown key',
    'groups/a.yaml',
    'id: a\nprofile: good\n\nselectors: {}\n',
    'groups/a.yaml:4:1: unknown key "selectors"',
  ],
  [
    'unknown key inside',
    'profiles/a.yaml',
    'id: a\nboot:\n  kernel: /k\n  initrds: [x]\n',
    'profiles/a.yaml:4:3: unknown key "initrds"',
  ],
  [
    'missing key',
    'groups/a.yaml',
    'id: a\nselector: {}\n',
    'groups/a.yaml:1:1: profile: required, and missing',
  ],
  [
    'missing profile',
    'groups/a.yaml',
    'id: a\nprofile: nowhere\n',
    'groups/a.yaml:2:10: there is no profile "nowhere"',
  ],
  [
    'missing rescue profile',
    'profiles/a.yaml',
    'id: a\nlifecycle: install\nrescue: nowhere\n',
    'profiles/a.yaml:3:9: there is no profile "nowhere"',
  ],
  [
    'a method of local boot that does not exist',
    'profiles/a.yaml',
    'id: a\nlocal_boot: disk\n',
    'profiles/a.yaml:2:13: local_boot: must be auto, exit, sanboot or firmware, not "disk"',
  ],
  [
    'missing template',
    'profiles/a.yaml',
    'id: a\nignition:\n  - nowhere.bu\n',
    'profiles/a.yaml:3:5: there is no template profiles/nowhere.bu',
  ],
  [
    'template without a name',
    'profiles/a.yaml',
    'id: a\nignition: ./\n',
    'profiles/a.yaml:2:11: ignition: a template is a file below profiles/',
  ],
  [
    'template outside the catalog',
    'profiles/a.yaml',
    'id: a\nignition: ../../etc/passwd\n',
    'profiles/a.yaml:2:11: ignition: a template is a file below profiles/',
  ],
  [
    'template that is not text',
    'profiles/a.yaml',
    'id: a\nignition: [a.bu, 5]\n',
    'profiles/a.yaml:2:18: ignition.1: must be text, not 5 (number); put it in quotes',
  ],
  [
    'MAC address that YAML reads as a number',
    'machines/a.yaml',
    'id: a\nmac: 525400000001\n',
    'machines/a.yaml:2:6: mac: must be text or a list, not 525400000001 (number); put it in quotes',
  ],
  [
    'config within a profile',
    'profiles/a.yaml',
    'id: a\nignition:\n  version: 3.3.0\n',
    'profiles/a.yaml:3:3: ignition: must be text or a list, not a mapping',
  ],
  [
    'unknown lifecycle',
    'profiles/a.yaml',
    'id: a\nlifecycle: sometimes\n',
    'profiles/a.yaml:2:12: lifecycle: must be install or live, not "sometimes"',
  ],
  [
    'a DHCP option of a group with an address that no host has',
    'groups/a.yaml',
    'id: a\nprofile: good\nselector: {rack: "9"}\ndhcp_options:\n  - {code: 6, value: 255.255.255.255}\n',
    'groups/a.yaml:5:22: option 6 (Domain Name Server) must have addresses of hosts: 255.255.255.255 is the broadcast address, which no host has',
  ],
  [
    'a DHCP option of a machine with an address that no host has',
    'machines/a.yaml',
    'id: a\nmac: 52:54:00:00:00:01\ndhcp_options:\n  - {code: 3, value: [0.0.0.0]}\n',
    'machines/a.yaml:4:22: option 3 (Router) must have addresses of hosts: 0.0.0.0 means no address, and not this server: write its address, or none',
  ],
  ...['0.0.0.0', '127.0.0.1', '224.0.0.5', '255.255.255.255'].map((address): (typeof MISTAKES)[number] => [
    `the address ${address} for a machine`,
    'machines/a.yaml',
    `id: a\nmac: 52:54:00:00:00:01\naddress: ${address}\n`,
    expect.stringMatching(
      new RegExp(`^machines/a\\.yaml:3:10: must be an address that a machine can have: ${address} `),
    ) as string,
  ]),
  [
    'bad id',
    'groups/a.yaml',
    'id: a b\nprofile: good\n',
    'groups/a.yaml:1:5: id: an id has 1 to 128 letters, digits, dots, dashes and underscores',
  ],
  [
    'bad MAC in a selector',
    'groups/a.yaml',
    'id: a\nprofile: good\nselector:\n  mac: [52:54:00:a1:9c:ae, 52:54:00:a1:9c]\n',
    'groups/a.yaml:4:28: "52:54:00:a1:9c" is not a MAC address; write it as 52:54:00:a1:9c:ae',
  ],
  [
    'bad CIDR',
    'groups/a.yaml',
    'id: a\nprofile: good\nselector:\n  ip: {cidr: 10.0.1.5/24}\n',
    'groups/a.yaml:4:14: "10.0.1.5/24" is the address of a host with a prefix length; the network is 10.0.1.0/24',
  ],
  [
    'placeholder UUID',
    'groups/a.yaml',
    'id: a\nprofile: good\nselector:\n  uuid: 03000200-0400-0500-0006-000700080009\n',
    'groups/a.yaml:4:9: "03000200-0400-0500-0006-000700080009" is not a UUID that identifies a machine',
  ],
  [
    'bad regular expression',
    'groups/a.yaml',
    'id: a\nprofile: good\nselector:\n  serial: {regex: "(a"}\n',
    'groups/a.yaml:4:19: not a regular expression (RE2): error parsing regexp: missing closing ): `(a`',
  ],
  [
    'empty requirement',
    'groups/a.yaml',
    'id: a\nprofile: good\nselector:\n  serial: {}\n',
    'groups/a.yaml:4:11: has no condition: give cidr, in, not_in, prefix, regex or exists',
  ],
  [
    'contradiction',
    'groups/a.yaml',
    'id: a\nprofile: good\nselector:\n  rack: {in: ["1"], not_in: ["1"]}\n',
    'groups/a.yaml:4:3: the selector of group a has requirements that exclude each other, so that no machine gets it',
  ],
  [
    'bad YAML',
    'groups/a.yaml',
    'id: a\nprofile: [good\n',
    'groups/a.yaml:3:1: Flow sequence in block collection must be sufficiently indented and end with a ]',
  ],
  [
    'key that appears twice',
    'groups/a.yaml',
    'id: a\nprofile: good\nid: b\n',
    'groups/a.yaml:3:1: this key appears twice',
  ],
  [
    'bad UTF-8',
    'groups/a.yaml',
    Buffer.from('id: a\nname: caf\xe9\nprofile: good\n', 'latin1'),
    'groups/a.yaml:2:10: this is not UTF-8; save the file in that encoding',
  ],
  [
    'id of two documents',
    'groups/z.yaml',
    'id: good\nprofile: good\nselector: {rack: "2"}\n',
    'groups/z.yaml:1:5: id good is already used in groups/good.yaml',
  ],
  [
    'two equal selectors',
    'groups/z.yaml',
    'id: z\nprofile: good\nselector: {rack: "1"}\n',
    'groups/z.yaml:3:11: group z selects the same machines as group good with the same priority: give one of them another priority or selector',
  ],
  [
    'DHCP option that cannot be set',
    'groups/a.yaml',
    'id: a\nprofile: good\ndhcp_options:\n  - {code: 53, type: uint8, value: 1}\n',
    'groups/a.yaml:4:12: option 53 cannot be set here: it is the type of the message',
  ],
  [
    'DHCP option with the wrong type',
    'groups/a.yaml',
    'id: a\nprofile: good\ndhcp_options:\n  - {code: 26, type: uint16, value: 70000}\n',
    'groups/a.yaml:4:37: option 26 (Interface MTU, RFC 2132) has the type uint16: 70000 is not a whole number from 0 to 65535',
  ],
  [
    'bad MAC of a machine',
    'machines/a.yaml',
    'id: a\nmac: ff:ff:ff:ff:ff:ff\n',
    'machines/a.yaml:2:6: "ff:ff:ff:ff:ff:ff" is not a MAC address of a machine; write it as 52:54:00:a1:9c:ae',
  ],
  [
    'machine without an identifier',
    'machines/a.yaml',
    'id: a\nlabels: {rack: "1"}\n',
    'machines/a.yaml:1:1: machine a has no identifier: give mac, uuid, serial, client_id or switch_port',
  ],
  [
    'MAC of two machines',
    'machines/a.yaml',
    'id: a\nmac: 52:54:00:a1:9c:ae\n---\nid: b\nmac: [52-54-00-A1-9C-AE]\n',
    'machines/a.yaml:5:7: MAC address 52:54:00:a1:9c:ae already belongs to machine a',
  ],
  [
    'address of two machines',
    'machines/a.yaml',
    'id: a\nmac: 52:54:00:a1:9c:ae\naddress: 10.0.0.5\n---\nid: b\nmac: 52:54:00:a1:9c:af\naddress: 10.0.0.5\n',
    'machines/a.yaml:7:10: address 10.0.0.5 already belongs to machine a',
  ],
  [
    'switch port of two machines',
    'machines/a.yaml',
    'id: a\nswitch_port: {circuit_id: "ab:cd"}\n---\nid: b\nswitch_port: {circuit_id: ABCD}\n',
    'machines/a.yaml:5:14: switch port circuit abcd, remote any already belongs to machine a',
  ],
  [
    'switch port of two machines, as text and in hex',
    'machines/a.yaml',
    'id: a\nswitch_port: {circuit_id: Gi1/0/1}\n---\nid: b\nswitch_port: {circuit_id: "47:69:31:2f:30:2f:31"}\n',
    'machines/a.yaml:5:14: switch port circuit 4769312f302f31, remote any already belongs to machine a',
  ],
  [
    'switch port that is empty',
    'machines/a.yaml',
    'id: a\nswitch_port: {circuit_id: " "}\n',
    'machines/a.yaml:2:27: the circuit-id is empty',
  ],
  [
    'switch port without identifiers',
    'machines/a.yaml',
    'id: a\nmac: 52:54:00:a1:9c:ae\nswitch_port: {}\n',
    'machines/a.yaml:3:14: name a port by circuit_id, remote_id, or both',
  ],
  [
    'client-id that is too long',
    'machines/a.yaml',
    `id: a\nclient_id: ${'ab'.repeat(65)}\n`,
    'machines/a.yaml:2:12: a client-id of 65 bytes is too long: at most 64 bytes are supported',
  ],
  [
    'DHCP option of a machine that cannot be set',
    'machines/a.yaml',
    'id: a\nmac: 52:54:00:a1:9c:ae\ndhcp_options:\n  - {code: 53, type: uint8, value: 1}\n',
    'machines/a.yaml:4:12: option 53 cannot be set here: it is the type of the message',
  ],
  [
    'bad host name',
    'machines/a.yaml',
    'id: a\nmac: 52:54:00:a1:9c:ae\nhostname: a_b\n',
    'machines/a.yaml:3:11: hostname: a host name has labels of letters, digits and dashes',
  ],
];

describe('each mistake is named once, with file, line and column', () => {
  test.each(MISTAKES)('%s', async (_name, file, content, expected) => {
    const tree = catalogTree({
      'profiles/good.yaml': GOOD_PROFILE,
      'groups/good.yaml': GOOD_GROUP,
      [file]: content,
    });
    expect(await problemsOf(tree)).toEqual([expected]);
  });
});

/** A template, and what must be reported for the group that uses it. */
const TEMPLATE_MISTAKES: [name: string, template: string, expected: string][] = [
  [
    'missing variable',
    'variant: flatcar\nversion: {{butane_version}}\n',
    'profiles/t.bu:2:12: "butane_version" is not defined (for group a)',
  ],
  ['missing member', 'variant: {{os.variant}}\n', 'profiles/t.bu:1:12: "os" is not defined (for group a)'],
  [
    'syntax',
    'variant: flatcar\n{{#if x}}\nversion: 1.0.0\n',
    'profiles/t.bu:2:1: {{#if x}} is not closed: write {{/if}} after it',
  ],
  ['unknown partial', 'x\n{{> nowhere}}\n', 'profiles/t.bu:2:1: there is no partial "nowhere" in profiles/'],
  ['prototype', '{{constructor}}\n', 'profiles/t.bu:1:3: "constructor" cannot be the name of a variable'],
  [
    'Butane key',
    'variant: flatcar\nversion: 1.0.0\nstorage:\n  file: []\n',
    'profiles/t.bu:4:3: $.storage.file: unused key file (for group a)',
  ],
  [
    'Butane value below a block that became longer',
    '{{#each (lookup this "lines")}}{{/each}}variant: flatcar\nversion: 1.0.0\nstorage:\n  files:\n    - path: relative\n',
    'profiles/t.bu:5:13: relative: path: path not absolute (for group a)',
  ],
];

test('templates are named by their path below profiles/, which may begin with ./', async () => {
  const butane = 'variant: flatcar\nversion: 1.1.0\n';
  const loaded = await loadCatalog(
    catalogTree({
      'profiles/a.yaml': 'id: a\nignition: [./w.yaml, .//sub/./v.yaml]\n',
      'profiles/b.yaml': 'id: b\nignition: profiles/w.yaml\n',
      'profiles/w.yaml': butane,
      'profiles/sub/v.yaml': butane,
      'profiles/sub/unused.yaml': butane,
      'groups/a.yaml': 'id: a\nprofile: a\n',
    }),
    AFTERWARDS,
  );
  expect(loaded.problems.map(formatProblem)).toEqual([
    'profiles/b.yaml:2:11: there is no template profiles/profiles/w.yaml: the folder is not part of its name; write "w.yaml"',
  ]);
  expect(loaded.warnings.map(formatProblem)).toEqual([
    'profiles/sub/unused.yaml: this is a Butane config, and no profile uses it: name it in the ignition list of a profile, or remove it',
  ]);
});

describe('mistakes in templates are found by rendering', () => {
  test.each(TEMPLATE_MISTAKES)('%s', async (_name, template, expected) => {
    const tree = catalogTree({
      'profiles/t.yaml': 'id: t\nignition: t.bu\n',
      'profiles/t.bu': template,
      'groups/a.yaml': 'id: a\nprofile: t\nselector: {rack: "1"}\n',
    });
    expect(await problemsOf(tree)).toEqual([expected]);
  });

  test('an unknown helper is named, with the available ones', async () => {
    const tree = catalogTree({ 'profiles/t.yaml': 'id: t\nboot:\n  kernel: "{{shout x}}"\n' });
    expect(await problemsOf(tree)).toEqual([
      expect.stringMatching(
        /^profiles\/t\.yaml:3:11: boot\.kernel: there is no helper "shout"; there are base64, default/,
      ),
    ]);
  });

  test('an argument that would be a further command is refused', async () => {
    const tree = catalogTree({
      'profiles/t.yaml': 'id: t\nboot:\n  kernel: /k\n  args: ["{{note}}"]\n',
      'groups/a.yaml': 'id: a\nprofile: t\nselector: {rack: "1"}\nmetadata: {note: "x\\nshell"}\n',
    });
    expect(await problemsOf(tree)).toEqual([
      'profiles/t.yaml: args renders to more than one line, or to control characters (for group a)',
    ]);
  });
});

test('all mistakes of a tree are reported at once, and the tree is not changed', async () => {
  const files = Object.fromEntries(
    // Mistakes that only rendering finds are reported once the others are corrected.
    MISTAKES.filter(([name, file]) => file.startsWith('groups/a') && name !== 'contradiction').map(
      ([, , content], index) => [
        `groups/m${String(index).padStart(2, '0')}.yaml`,
        typeof content === 'string' ? content.replace(/^id: a$/m, `id: a${index}`) : content,
      ],
    ),
  );
  const problems = await problemsOf(catalogTree({ 'profiles/good.yaml': GOOD_PROFILE, ...files }));
  const named = new Set(problems.map((problem) => problem.split(':')[0]));
  expect([...named].sort()).toEqual(Object.keys(files).sort());
});

test('a link out of the catalog is not followed', async () => {
  const tree = catalogTree({ 'profiles/good.yaml': GOOD_PROFILE });
  linkCatalogFile(tree, 'groups/passwd.yaml', '/etc/passwd');
  expect(await problemsOf(tree)).toEqual([
    'groups/passwd.yaml: this link leads out of the catalog, and is not followed',
  ]);
});

test('the tree of the repository has no mistake', async () => {
  expect(await problemsOf(path.resolve(import.meta.dirname, '../..'))).toEqual([]);
});

test('`railhead check` prints a line for each and exits with 1', () => {
  const tree = catalogTree({ 'groups/a.yaml': 'id: a\nprofile: nowhere\n' });
  const main = path.resolve(import.meta.dirname, '../../src/main.ts');
  let failure: { status: number; stdout: string; stderr: string } | undefined;
  try {
    execFileSync(process.execPath, ['--import', 'tsx', main, 'check', tree], {
      encoding: 'utf8',
      stdio: 'pipe',
    });
  } catch (error) {
    failure = error as typeof failure;
  }
  expect(failure).toMatchObject({
    status: 1,
    stdout: 'groups/a.yaml:2:10: there is no profile "nowhere"\n',
    stderr: '1 problem\n',
  });
});
