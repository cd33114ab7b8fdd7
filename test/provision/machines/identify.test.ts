import { expect, test } from 'vitest';
import { parseMac } from '../../../src/protocol/mac-address.ts';
import { parseUuid, swapUuidByteOrder } from '../../../src/protocol/machine-uuid.ts';
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
  '   ',
  '\u00a0',
  '\0\0\0\0',
  'ÿÿÿÿÿÿÿÿ',
  '?',
  '<>',
  'Not Specified',
  'NOT-SPECIFIED',
  'N.A.',
  'Default_string',
  '$(DEFAULT_STRING)',
  '"Default string"',
  '(none)',
  '[Empty]',
  'To be filled by O.E.M..',
  'TO BE FILLED BY OEM!',
  'Filled By O.E.M.',
  'System-Serial-Number',
  'Chassis Serial Number',
  'Type1 - Board Serial Number',
  'MB-1234567890',
  '00-00-00-00',
  '0000 0000',
  '012345678901234567890123456789',
  '123456789012',
  '01234567-89AB-CDEF',
  '9876543210',
])('the serial number "%s" identifies no machine', (serial) => {
  expect(isSmbiosPlaceholder(serial)).toBe(true);
  expect(new MachineIndex([record({ id: 'dummy', serial })]).identify({ serial })).toEqual({
    card: 'unlisted',
    conflicts: [],
  });
});

test.each([
  ...['SN-1', 'PC0A1B2C', '5CD1234XYZ', '1'.padEnd(9, '2'), '12', '01234', '1-1', '1234567890-7', 'NA-4711'],
  ...[
    'VMware-56 4d 1a 2b',
    'Привет-7',
    '機-1',
    'OEM-4711',
    'unknown-17',
    '../../etc',
    'a;b&c=%00',
    'x'.repeat(900) + '1',
  ],
])('the serial number "%s" identifies a machine', (serial) => {
  expect(isSmbiosPlaceholder(serial)).toBe(false);
});

test.each([
  '00000000-0000-0000-0000-000000000000',
  'ffffffff-ffff-ffff-ffff-ffffffffffff',
  'FEFEFEFE-FEFE-FEFE-FEFE-FEFEFEFEFEFE',
  '58585858-5858-5858-5858-585858585858',
  '20202020-2020-2020-2020-202020202020',
  'a1b2c3d4-ffff-ffff-ffff-ffffffffffff',
  '03000200-0400-0500-0006-000700080009',
  '00020003-0004-0005-0006-000700080009',
  '12345678-1234-5678-90AB-CDDEEFAABBCC',
  '78563412-3412-7856-90ab-cddeefaabbcc',
  '00010203-0405-0607-0809-0a0b0c0d0e0f',
  '03020100-0504-0706-0809-0a0b0c0d0e0f',
  '01020907-0301-0103-0807-060504030201',
  '4c4c4544-0000-2010-8020-80c04f202020',
  '4C4C4544-0020-2010-8020-A0C04F202020',
])('the UUID %s identifies no machine, even if a record has it', (text) => {
  const dummy = new MachineIndex([record({ id: 'dummy', uuid: uuid(text) })]);
  expect(dummy.identify({ mac: mac(9), uuid: uuid(text) }).machine).toBeUndefined();
});

test.each([
  '4c4c4544-0044-3510-8052-b4c04f4d3132',
  '03560274-043c-05f1-d406-e70700080009',
  '00000000-0000-0000-0000-525400a19cae',
  'fefefefe-fefe-fefe-fefe-fefefefefeff',
])('the UUID %s, which resembles a placeholder, identifies a machine in either byte order', (text) => {
  const owner = record({ id: 'owner', uuid: uuid(text) });
  const sent = [uuid(text), swapUuidByteOrder(uuid(text))];
  const found = sent.map((one) => new MachineIndex([owner]).identify({ mac: mac(9), uuid: one }).machine?.id);
  expect(found).toEqual(['owner', 'owner']);
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
