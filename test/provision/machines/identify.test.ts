import { expect, test } from 'vitest';
import { parseMac } from '../../../src/protocol/mac-address.ts';
import { parseUuid } from '../../../src/protocol/machine-uuid.ts';
import {
  describeConflict,
  type IdentityClaims,
  type IdentityConflict,
} from '../../../src/provision/machines/identification.ts';
import { MachineIndex } from '../../../src/provision/machines/machine-index.ts';
import type { Machine } from '../../../src/provision/machines/machine.ts';
import { isSmbiosPlaceholder } from '../../../src/provision/machines/smbios-placeholder.ts';

const mac = (last: number) => parseMac(`52:54:00:00:00:${last.toString(16).padStart(2, '0')}`)!;
const uuid = (text: string) => parseUuid(text)!;
const record = (fields: Partial<Machine> & { readonly id: string }): Machine => ({
  macs: [],
  labels: {},
  metadata: {},
  ...fields,
});

const BOARD = uuid('8a95d198-1111-4222-8333-444455556666');
const BOARD_SWAPPED = uuid('98d1958a-1111-2242-8333-444455556666');
const FREE = uuid('11111111-2222-4333-8444-555555555555');

const CARDS = record({
  id: 'cards',
  macs: [mac(1), mac(2)],
  uuid: BOARD,
  serial: 'SN-1',
  clientIds: ['ff01'],
});
const BARE = record({ id: 'bare', uuid: FREE, serial: 'SN-2' });
const PORT = record({ id: 'port', switchPort: { circuitId: '0a', remoteId: '0b' } });
const CARDS_ON_PORT = record({ id: 'cards-port', macs: [mac(7)], switchPort: { circuitId: '0c' } });
const index = new MachineIndex([CARDS, BARE, PORT, CARDS_ON_PORT]);

const listed = (id: string, by: IdentityConflict['by']): IdentityConflict => ({
  kind: 'card_not_listed',
  machineId: id,
  by,
});
const other = (id: string, by: IdentityConflict['by']): IdentityConflict => ({
  ...listed(id, by),
  kind: 'other_machine',
});

const rows: readonly (readonly [
  string,
  IdentityClaims,
  string | undefined,
  string | undefined,
  readonly IdentityConflict[],
])[] = [
  ['a listed card', { mac: mac(2) }, 'cards', 'mac', []],
  ['a listed card with its own UUID', { mac: mac(1), uuid: BOARD }, 'cards', 'mac', []],
  ['identifiers without a record', { mac: mac(9) }, undefined, undefined, []],
  ['no identifiers', {}, undefined, undefined, []],
  ['another board with the UUID of a record that lists cards', { mac: mac(9), uuid: BOARD }, undefined, undefined, [listed('cards', 'uuid')]],
  ['the same with the other byte order', { mac: mac(9), uuid: BOARD_SWAPPED }, undefined, undefined, [listed('cards', 'uuid-swapped')]],
  ['another board with the serial number of a record that lists cards', { mac: mac(9), serial: 'SN-1' }, undefined, undefined, [listed('cards', 'serial')]],
  ['a cloned disk with the client identifier of a record that lists cards', { mac: mac(9), clientId: 'ff01' }, undefined, undefined, [listed('cards', 'clientId')]],
  ['a conflicting machine is named once, however many of its identifiers are sent', { mac: mac(9), uuid: BOARD, serial: 'SN-1' }, undefined, undefined, [listed('cards', 'uuid')]],
  ['without a card, the UUID of a record that lists cards', { uuid: BOARD }, 'cards', 'uuid', []],
  ['without a card, a client identifier, as InfiniBand has it', { clientId: 'ff01' }, 'cards', 'clientId', []],
  ['a record without cards, by UUID', { mac: mac(9), uuid: FREE }, 'bare', 'uuid', []],
  ['a record without cards, by serial number', { mac: mac(9), serial: 'SN-2' }, 'bare', 'serial', []],
  ['a record without cards, by its switch port', { mac: mac(9), circuitId: '0a', remoteId: '0b' }, 'port', 'switchPort', []],
  ['another host on the switch port of a record that lists cards', { mac: mac(9), circuitId: '0c', remoteId: '0b' }, undefined, undefined, []],
  ['a listed card in a board that belongs to another record', { mac: mac(1), uuid: FREE }, 'cards', 'mac', [other('bare', 'uuid')]],
  ['two records without cards: the UUID comes first', { mac: mac(9), uuid: FREE, circuitId: '0a', remoteId: '0b' }, 'bare', 'uuid', []],
  ['a record by UUID, with the serial number of one that lists cards', { mac: mac(9), uuid: FREE, serial: 'SN-1' }, 'bare', 'uuid', [listed('cards', 'serial')]],
]; // prettier-ignore

test.each(rows)('%s', (_name, claims, machineId, matchedBy, conflicts) => {
  const found = index.identify(claims);
  expect({ machineId: found.machine?.id, matchedBy: found.matchedBy, conflicts: found.conflicts }).toEqual({
    machineId,
    matchedBy,
    conflicts,
  });
  expect(found.card).toBe(matchedBy === 'mac' ? 'listed' : 'unlisted');
});

test('a conflict names both sides and says what to do', () => {
  expect(describeConflict(listed('cards', 'uuid'), { mac: mac(9), uuid: BOARD }, undefined)).toBe(
    'network card 52:54:00:00:00:09 sends the UUID of machine cards, whose record lists other cards, and is treated ' +
      'as an unknown machine: if it belongs to cards, add its MAC address to that record',
  );
  expect(describeConflict(other('bare', 'uuid'), { mac: mac(1), uuid: FREE }, CARDS)).toBe(
    'network card 52:54:00:00:00:01 is recognised as machine cards and sends the UUID of machine bare: ' +
      'correct whichever record is wrong',
  );
});

test.each([
  'Default string',
  'To Be Filled By O.E.M.',
  'System Serial Number',
  '0',
  '00000000',
  '................',
  'xxxxxxxx',
  '0123456789',
  'None',
  ' n/a ',
  '',
])('the serial number "%s" identifies no machine', (serial) => {
  expect(isSmbiosPlaceholder(serial)).toBe(true);
  expect(new MachineIndex([record({ id: 'dummy', serial })]).identify({ serial })).toEqual({
    card: 'unlisted',
    conflicts: [],
  });
});

test.each(['SN-1', 'PC0A1B2C', '5CD1234XYZ', '1'.padEnd(9, '2')])(
  'the serial number "%s" identifies a machine',
  (serial) => {
    expect(isSmbiosPlaceholder(serial)).toBe(false);
  },
);

test.each([
  '00000000-0000-0000-0000-000000000000',
  'ffffffff-ffff-ffff-ffff-ffffffffffff',
  '03000200-0400-0500-0006-000700080009',
])('the UUID %s identifies no machine, even if a record has it', (text) => {
  const dummy = new MachineIndex([record({ id: 'dummy', uuid: uuid(text) })]);
  expect(dummy.identify({ mac: mac(9), uuid: uuid(text) }).machine).toBeUndefined();
});

test('of two records that claim the same value, the lower rank gets it, then the id that sorts first; the other gets it when the first is removed', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((id) => record({ id, macs: [mac(1)] })) as [
    Machine,
    Machine,
    Machine,
  ];
  const contested = new MachineIndex();
  contested.add(c, 1);
  contested.add(b, 1);
  contested.add(a, 1);
  expect(contested.identify({ mac: mac(1) }).machine).toBe(a);
  contested.add(record({ id: 'z', macs: [mac(1)] }), 0);
  expect(contested.identify({ mac: mac(1) }).machine?.id).toBe('z');
  expect(contested.contestedClaims(b)).toEqual([
    { what: 'MAC address 52:54:00:00:00:01', holder: 'z', others: ['a', 'b', 'c'] },
  ]);
  contested.remove(a);
  expect(contested.contestedClaims(c)).toEqual([
    { what: 'MAC address 52:54:00:00:00:01', holder: 'z', others: ['b', 'c'] },
  ]);
  contested.remove(b);
  contested.remove(c);
  expect(contested.contestedClaims(record({ id: 'z', macs: [mac(1)] }))).toEqual([]);
});
