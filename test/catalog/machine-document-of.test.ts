import { expect, test } from 'vitest';
import { documentDifference } from '../../src/catalog/document-difference.ts';
import { machineDocumentOf } from '../../src/catalog/machine-document-of.ts';
import { readMachineEntries } from '../../src/catalog/read-machine-entries.ts';

const NO_PAUSE = (): Promise<void> => Promise.resolve();

const WHOLE = {
  id: 'node1',
  mac: ['52:54:00:00:00:01', '52:54:00:00:00:02'],
  client_id: '01:02:03',
  switch_port: { circuit_id: 'eth0/1', remote_id: 'leaf1' },
  uuid: '16e7d8a7-bfa9-428b-9117-363341bb330b',
  serial: 'S1',
  labels: { rack: '7' },
  metadata: { deep: { list: [1, 'two', null, true] } },
  address: '10.0.1.21',
  hostname: 'node1',
  boot_program: 'snponly.efi',
  dhcp_options: [
    { code: 26, type: 'uint16', value: 9000 },
    { code: 6, type: 'ip-list', value: ['10.0.1.2', '10.0.1.3'] },
  ],
  lease_seconds: 'infinite',
  disabled: true,
};

test.each([
  ['a machine with everything', WHOLE],
  ['a machine with an id and a card', { id: 'n', mac: '52:54:00:00:00:01' }],
])('%s becomes a document of which the same machine is made', async (_what, document) => {
  const first = await readMachineEntries([document], NO_PAUSE);
  expect(first.faults).toEqual([]);
  const written = machineDocumentOf(first.machines[0]!);
  const second = await readMachineEntries([written], NO_PAUSE);
  expect(second).toEqual(first);
  // As it comes from a client, too.
  expect(JSON.parse(JSON.stringify(written))).toEqual(written);
});

test('two documents differ in fields, labels and metadata', () => {
  const before = {
    id: 'a',
    address: '10.0.0.1',
    labels: { rack: '1', slot: '2' },
    metadata: { a: { b: 1 } },
  };
  const after = { id: 'a', hostname: 'h', labels: { rack: '7', slot: '2' }, metadata: { a: { b: 2 } } };
  const fields = documentDifference(before, after).map(({ field }) => field);
  expect(fields.sort()).toEqual(['address', 'hostname', 'labels.rack', 'metadata.a']);
  expect(documentDifference(before, structuredClone(before))).toEqual([]);
});

test('of one set, no two machines have the same id, identifier or address, and faults name both', async () => {
  const { faults } = await readMachineEntries(
    [
      { id: 'a', mac: '52:54:00:00:00:01', address: '10.0.0.1' },
      { id: 'b', mac: '52:54:00:00:00:01' },
      { id: 'c', mac: '52:54:00:00:00:03', address: '10.0.0.1' },
      { id: 'a', mac: '52:54:00:00:00:04' },
      'nothing',
    ],
    NO_PAUSE,
  );
  expect(faults.map(({ field, id, index }) => [index, id, field])).toEqual([
    [1, 'b', 'mac.0'],
    [2, 'c', 'address'],
    [3, 'a', 'id'],
    [4, undefined, undefined],
  ]);
});
