import { expect, test } from 'vitest';
import { parseMac } from '../../../src/protocol/mac-address.ts';
import { parseUuid } from '../../../src/protocol/machine-uuid.ts';
import type { Machine } from '../../../src/provision/machines/machine.ts';
import { recognisedBy } from '../../../src/provision/machines/recognised-by.ts';

const mac = parseMac('52:54:00:00:00:01')!;
const uuid = parseUuid('16e7d8a7-bfa9-428b-9117-363341bb330b')!;
const machine = (fields: Partial<Machine>): Machine => ({
  id: 'node1',
  macs: [],
  labels: {},
  metadata: {},
  ...fields,
});

test.each([
  ['only the cards of a record that lists some', { macs: [mac], uuid, serial: 'S1' }, [mac], [], []],
  [
    'UUID in both byte orders and serial number of a record without cards',
    { uuid, serial: 'S1' },
    [],
    [uuid, 'a7d8e716-a9bf-8b42-9117-363341bb330b'],
    ['S1'],
  ],
  [
    'nothing for values that many boards share',
    { uuid: parseUuid('03000200-0400-0500-0006-000700080009')!, serial: 'Default string' },
    [],
    [],
    [],
  ],
])('%s', (_what, fields, macs, uuids, serials) => {
  expect(recognisedBy(machine(fields))).toEqual({ macs, uuids, serials });
});
