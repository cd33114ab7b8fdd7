import { expect, test } from 'vitest';
import { loadCatalog } from '../../src/catalog/load-catalog.ts';
import { AFTERWARDS, catalogTree } from './catalog-tree.ts';

async function load(records: string) {
  const { machines, problems } = await loadCatalog(catalogTree({ 'machines/m.yaml': records }), AFTERWARDS);
  return { serials: machines.map(({ serial }) => serial), problems: problems.map(({ message }) => message) };
}

test.each([
  ['"  S64GNE0R "', 'S64GNE0R'],
  ['"VMware-56 4d 1a"', 'VMware-56 4d 1a'],
  ['"a;b&c=%00"', 'a;b&c=%00'],
  [`"${'x'.repeat(900)}1"`, `${'x'.repeat(900)}1`],
])('the serial number %s is read as machines send it', async (text, serial) => {
  expect(await load(`id: m\nserial: ${text}\n`)).toEqual({ serials: [serial], problems: [] });
});

test.each(['Default_string', '(none)', '........', '0000-0000', '   '])(
  'a record with the serial number "%s" of many boards is a problem',
  async (serial) => {
    const { problems } = await load(`id: m\nmac: 52:54:00:00:00:01\nserial: "${serial}"\n`);
    expect(problems).toEqual([expect.stringMatching(/is a placeholder of boards without a serial number/)]);
  },
);

test.each(['4C4C4544-0000-2010-8020-80C04F202020', '78563412-3412-7856-90AB-CDDEEFAABBCC'])(
  'a record with the UUID %s of many boards is a problem',
  async (uuid) => {
    const { problems } = await load(`id: m\nmac: 52:54:00:00:00:01\nuuid: ${uuid}\n`);
    expect(problems).toEqual([`"${uuid}" is not a UUID that identifies a machine`]);
  },
);

test('two records with one serial number are a problem, also where one has blanks around it', async () => {
  const { problems } = await load('id: a\nserial: S1\n---\nid: b\nserial: " S1"\n');
  expect(problems).toEqual([expect.stringMatching(/serial.*S1.*\ba\b/)]);
});
