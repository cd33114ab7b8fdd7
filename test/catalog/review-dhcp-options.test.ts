import { expect, test } from 'vitest';
import { loadCatalog } from '../../src/catalog/load-catalog.ts';
import { formatProblem } from '../../src/documents/problem.ts';
import { CatalogRig } from './catalog-rig.ts';
import { AFTERWARDS, catalogTree, writeCatalogFile } from './catalog-tree.ts';

const GROUP = 'id: g\nprofile: p\nselector: {network: rack1}\ndhcp_options:\n';
const MACHINE = 'id: m\nmac: 52:54:00:a1:9c:ae\n';
const NO_DEFAULT =
  'ignore the routers of their network (RFC 3442), and this list has no default route: add {destination: 0.0.0.0/0, router: (the router)} to it, unless these machines are to have none';
const TWO_NAMES =
  'option 12 gives the machine another host name than hostname does, and DHCP sends the option: remove one of them';

test.each<[name: string, file: string, content: string, expected: string[]]>([
  [
    'a group with routes and no default route',
    'groups/g.yaml',
    GROUP + '  - {code: 121, value: [{destination: 10.5.0.0/16, router: 10.0.1.8}]}\n',
    [`groups/g.yaml:5:5: clients that support option 121 ${NO_DEFAULT}`],
  ],
  [
    "Microsoft's code for the same",
    'groups/g.yaml',
    GROUP +
      '  - {code: 6, value: [10.0.1.1]}\n' +
      '  - {code: 249, type: classless-routes, value: [{destination: 10.5.0.0/16, router: 10.0.1.8}]}\n',
    [`groups/g.yaml:6:5: clients that support option 249 ${NO_DEFAULT}`],
  ],
  [
    'a group whose routes include a default route',
    'groups/g.yaml',
    GROUP +
      '  - {code: 121, value: [{destination: 10.5.0.0/16, router: 10.0.1.8}, {destination: 0.0.0.0/0, router: 10.0.1.1}]}\n',
    [],
  ],
  [
    'a machine with routes and no default route',
    'machines/m.yaml',
    MACHINE + 'dhcp_options:\n  - {code: 121, type: hex, value: "10 0a 05 0a 00 01 08"}\n',
    [`machines/m.yaml:4:5: clients that support option 121 ${NO_DEFAULT}`],
  ],
  [
    'a machine with two host names',
    'machines/m.yaml',
    MACHINE + 'hostname: db1\ndhcp_options: [{code: 12, value: db2}]\n',
    [`machines/m.yaml:4:16: ${TWO_NAMES}`],
  ],
  [
    'a machine whose option 12 is its host name',
    'machines/m.yaml',
    MACHINE + 'hostname: db1\ndhcp_options: [{code: 12, value: DB1}]\n',
    [],
  ],
  [
    'a machine whose option 12 is the first label of its host name',
    'machines/m.yaml',
    MACHINE + 'hostname: db1.example.com\ndhcp_options: [{code: 12, value: db1}]\n',
    [],
  ],
  [
    'a machine with only option 12',
    'machines/m.yaml',
    MACHINE + 'dhcp_options: [{code: 12, value: db2}]\n',
    [],
  ],
])('%s', async (_, file, content, expected) => {
  const tree = catalogTree({ 'profiles/p.yaml': 'id: p\n', [file]: content });
  const loaded = await loadCatalog(tree, AFTERWARDS);
  expect(loaded.problems.map(formatProblem)).toEqual([]);
  expect(loaded.warnings.map(formatProblem)).toEqual(expected);
});

test('a warning stays while its document does not change', async () => {
  const tree = catalogTree({
    'profiles/p.yaml': 'id: p\n',
    'groups/g.yaml': GROUP + '  - {code: 121, value: [{destination: 10.5.0.0/16, router: 10.0.1.8}]}\n',
  });
  const { catalog } = new CatalogRig(tree);
  await catalog.start();
  expect(catalog.status().warnings).toHaveLength(1);
  writeCatalogFile(tree, 'groups/other.yaml', 'id: other\nprofile: p\nselector: {rack: "2"}\n');
  await catalog.reload();
  expect(catalog.generation?.groups.length).toBe(2);
  expect(catalog.status().warnings).toHaveLength(1);
});
