import { writeFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { catalogTree } from '../catalog/catalog-tree.ts';
import { startShared } from './start-shared.ts';

// When all tests run at once, the thread that loads waits for a processor.
vi.setConfig({ testTimeout: 120_000 });

/** More than are changed at once, so that several turns of the event loop pass while they are loaded. */
const MACHINES = 1_500;

const mac = (index: number): string =>
  `02:00:00:00:${index
    .toString(16)
    .padStart(4, '0')
    .replace(/..(?!$)/, '$&:')}`;

/** One version of a catalog, in which every file contains the version. */
const filesOf = (version: string): Record<string, string> => ({
  'profiles/p.yaml': 'id: p\nboot: {kernel: "/{{version}}"}\n',
  'groups/g.yaml': `id: g\nprofile: p\nmetadata: {version: ${version}}\n`,
  'machines/m.yaml': Array.from(
    { length: MACHINES },
    (_, index) => `id: m${index}\nmac: ${mac(index)}\nlabels: {version: ${version}}\n`,
  ).join('---\n'),
});

test('in every turn of the event loop groups and machines are of the same load', async () => {
  const tree = catalogTree({ 'railhead.yaml': '{}\n', ...filesOf('one') });
  const { catalog, decider, machines, services } = await startShared(tree);
  const look = (): string => {
    const seen = [0, MACHINES / 2, MACHINES - 1].map((index) => {
      const claims = new Map([['mac', mac(index)]]);
      const identification = machines.identify({ mac: mac(index) as never });
      const { resolution } = decider.decide(claims, identification);
      return `${JSON.stringify(resolution.group?.metadata['version'])} ${resolution.labels.get('version')}`;
    });
    return [...new Set(seen)].join(', ');
  };
  const seen = new Set([look()]);
  for (const [file, text] of Object.entries(filesOf('two'))) writeFileSync(`${tree}/${file}`, text);
  // In every turn, with pauses in between: the thread that loads has the lowest priority.
  const looking = setInterval(() => seen.add(look()), 1);
  await catalog.reload();
  clearInterval(looking);
  seen.add(look());
  expect([...seen]).toEqual(['"one" one', '"two" two']);
  await services.close();
});
