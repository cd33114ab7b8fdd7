import { expect, test } from 'vitest';
import { loadCatalog } from '../../src/catalog/load-catalog.ts';
import { formatProblem } from '../../src/documents/problem.ts';
import { AFTERWARDS, catalogTree } from './catalog-tree.ts';

const MTU = 'dhcp_options: [{code: 26, value: 9000}]\n';

/** The problems of a group with DHCP options and this selector, together with these machines. */
async function problems(selector: string, machines = '', options = MTU): Promise<string[]> {
  const loaded = await loadCatalog(
    catalogTree({
      'profiles/p.yaml': 'id: p\n',
      'groups/g.yaml': `id: g\nprofile: p\nselector: ${selector}\n${options}`,
      ...(machines !== '' && { 'machines/m.yaml': machines }),
    }),
    AFTERWARDS,
  );
  return loaded.problems.map(formatProblem);
}

const RACK = 'id: m\nmac: 52:54:00:00:00:01\nserial: S1\nlabels: {rack: "1"}\n';

test.each<[name: string, selector: string, machines?: string]>([
  ['everything', '{}'],
  ['a MAC address', '{mac: {prefix: "52:54"}}'],
  ['a UUID', '{uuid: 16e7d8a7-bfa9-428b-9117-363341bb330b}'],
  ['the vendor class', '{vendor_class: {prefix: yealink}}'],
  ['firmware and architecture', '{firmware: uefi, arch: [arm64, riscv64], client_arch: "00011"}'],
  ['the host name, the relay and the network', '{hostname: {regex: ^web}, circuit_id: Gi1/0/4, network: rack1}'],
  ['an absent label', '{os: {exists: false}}'],
  ['another value than one', '{os: {not_in: [installed]}}'],
  ['a label of a record', '{rack: "1"}', RACK],
  ['a label of a record and one of DHCP', '{rack: "1", vendor_class: x}', RACK],
  ['a label of a record by its beginning', '{rack: {prefix: "1"}}', RACK],
  ['a serial number of a record', '{serial: S1}', RACK],
  ['the id of a record', '{machine: m}', RACK],
  ['a value that a record gives to a label of DHCP', '{arch: "7"}', 'id: m\nmac: 52:54:00:00:00:01\nlabels: {arch: "7"}\n'],
])('DHCP can select by %s', async (_name, selector, machines) => {
  expect(await problems(selector, machines)).toEqual([]);
}); // prettier-ignore

test.each<[name: string, selector: string, label: string, machines?: string]>([
  ['a serial number', '{serial: S1}', 'serial'],
  ['a parameter of a URL', '{mac: {prefix: "52"}, os: installed}', 'os'],
  ['a label that no record has', '{rack: "1"}', 'rack'],
  ['a value that no record has', '{rack: "2"}', 'rack', RACK],
  ['labels that no record has together', '{rack: "1", row: a}', 'rack', `${RACK}---\nid: n\nmac: 52:54:00:00:00:02\nlabels: {row: a}\n`],
  ['a presence', '{product: {exists: true}}', 'product'],
])('DHCP never selects by %s', async (_name, selector, label, machines) => {
  const [problem, ...others] = await problems(selector, machines);
  expect(others).toEqual([]);
  expect(problem).toMatch(/^groups\/g\.yaml:3:\d+: no DHCP client gets the dhcp_options of group g: /);
  expect(problem).toContain(`its selector requires the label ${label}, which DHCP does not know`);
  expect(problem).toContain(`or add ${label} to the labels of the machines' records`);
}); // prettier-ignore

test('for a value that DHCP never has the possible ones are listed', async () => {
  expect(await problems('{arch: "7"}')).toEqual([
    'groups/g.yaml:3:18: no DHCP client gets the dhcp_options of group g: its selector requires arch to be 7, and in DHCP it is one of i386, x86_64, arm32, arm64, riscv32, riscv64, loong64. Select by one of these values, or by client_arch, the number in option 93',
  ]);
});

test.each([
  ['boot_programs: {"7": x.efi}\n', 'boot_programs'],
  ['dhcp_force: [66]\ndhcp_suppress: [3]\n', 'dhcp_force and dhcp_suppress'],
])('%j is told of as well', async (options, named) => {
  const [problem] = await problems('{serial: S1}', '', options);
  expect(problem).toContain(`no DHCP client gets the ${named} of group g: `);
});

test.each([
  ['dhcp_force: [53]\n', '4:14: option 53 cannot be set here: it is the type of the message'],
  [
    'dhcp_force: [3]\ndhcp_suppress: [3]\n',
    '5:17: option 3 is in dhcp_force as well: keep it in one of them',
  ],
  ['boot_programs: {x64: a.efi}\n', '"x64" is not the number of an architecture (option 93)'],
])('%j is refused', async (options, expected) => {
  const [problem] = await problems('{}', '', options);
  expect(problem).toContain(expected);
});

test('a group without DHCP options may select by anything', async () => {
  expect(await problems('{serial: S1}', '', '')).toEqual([]);
});
