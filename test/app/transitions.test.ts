import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseMac } from '../../src/protocol/mac-address.ts';
import { catalogTree } from '../catalog/catalog-tree.ts';
import { startShared } from './start-shared.ts';

const FILES = {
  'railhead.yaml': '{}\n',
  'machines/rack1.yaml': 'id: a\nmac: 52:54:00:00:00:01\n---\nid: b\nmac: 52:54:00:00:00:02\n',
};

test('an undeclared machine is discovered, is not a known machine, and is removed from the discovered ones when a file declares it', async () => {
  const tree = catalogTree(FILES);
  const { catalog, discovered, machines, services, transitions } = await startShared(tree);
  const mac = parseMac('52:54:00:00:00:09')!;
  const subscription = transitions.subscribe(0, new AbortController().signal);
  for (let count = 0; count < 2; count++) await subscription.next();
  discovered.note({ claimed: new Map([['mac', mac]]), remoteAddress: '127.0.0.1' });
  expect((await subscription.next()).value).toMatchObject({
    number: 3,
    kind: 'machine.discovered',
    machineId: '52-54-00-00-00-09',
  });
  expect(machines.identify({ mac }).machine).toBeUndefined();

  writeFileSync(`${tree}/machines/new.yaml`, `id: c\nmac: ${mac}\n`);
  await catalog.reload();
  const told = [await subscription.next(), await subscription.next()].map(({ value }) => value);
  expect(told).toMatchObject([
    { number: 4, kind: 'machine.declared', source: 'files', machineId: 'c' },
    { number: 5, kind: 'machine.gone', source: 'discovered', detail: { machine: 'c' } },
  ]);
  expect(machines.identify({ mac }).machine?.id).toBe('c');
  await services.close();
});

test('a machine that is discovered just before the stop is in the log before its subscribers end', async () => {
  const { discovered, services, transitions } = await startShared(catalogTree({ 'railhead.yaml': '{}\n' }));
  const subscription = transitions.subscribe(0, new AbortController().signal);
  const first = subscription.next();
  discovered.note({ claimed: new Map([['mac', '52:54:00:00:00:09']]), remoteAddress: '127.0.0.1' });
  await services.close();
  expect((await first).value).toMatchObject({ number: 1, kind: 'machine.discovered' });
  expect(await subscription.next()).toEqual({ done: true, value: undefined });
});

test('a subscriber gets changes as they are written, including the last ones at the stop, and then its loop ends', async () => {
  const { machines, services, transitions } = await startShared(catalogTree(FILES));
  const subscription = transitions.subscribe(0, new AbortController().signal);
  const told: string[] = [];
  for (let count = 0; count < 2; count++) told.push((await subscription.next()).value!.machineId);
  expect(told).toEqual(['a', 'b']);
  machines.put('netbox', { id: 'c', macs: [], labels: {}, metadata: {} });
  expect((await subscription.next()).value).toMatchObject({ number: 3, source: 'netbox', machineId: 'c' });

  machines.remove('netbox', 'c');
  const last = subscription.next();
  await services.close();
  expect((await last).value).toMatchObject({ number: 4, kind: 'machine.gone', machineId: 'c' });
  expect(await subscription.next()).toEqual({ done: true, value: undefined });
});
