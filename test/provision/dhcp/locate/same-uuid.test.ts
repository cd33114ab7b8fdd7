import { expect, test } from 'vitest';
import { parseUuid } from '../../../../src/protocol/machine-uuid.ts';
import { clientMac, DhcpRig, ip, machine, SERVER, UEFI_PXE } from '../dhcp-rig.ts';

const UUID = '8a95d198-7f46-11e5-bf8b-08002704d48e';
/** The same UUID as in option 97. */
const OPTION_97 = { ...UEFI_PXE, 97: '0098d1958a467fe511bf8b08002704d48e' };

const declared = machine({
  id: 'twin',
  macs: [clientMac(1)],
  uuid: parseUuid(UUID)!,
  address: ip('10.20.0.24'),
  hostname: 'twin',
});

test('a board with the UUID of a declared machine gets neither its address nor its name, and the event names both', () => {
  const rig = new DhcpRig({ machines: [declared] });
  const offer = rig.send({ type: 1, mac: clientMac(2), options: { ...OPTION_97, 55: '0c' } });
  expect(offer).toMatchObject({ kind: 'reply', message: { yiaddr: '10.20.0.50' } });
  expect(offer.kind === 'reply' && offer.message.options.has(12)).toBe(false);
  expect(offer.events[0]).toMatchObject({
    kind: 'machine.conflict',
    mac: clientMac(2),
    summary: expect.stringMatching(
      /02:00:00:00:00:02 sends the UUID of machine twin, .* add its MAC address/,
    ) as string,
    detail: { conflict: 'card_not_listed', by: 'uuid', with: 'twin' },
  });
  expect(offer.events[0]).not.toHaveProperty('machineId');
  // The declared machine gets what its record declares, regardless of which board came first.
  expect(rig.lease(clientMac(1), OPTION_97)).toBe('10.20.0.24');

  // It is recorded at most once an hour.
  const again = rig.send({
    type: 3,
    mac: clientMac(2),
    requested: '10.20.0.50',
    server: SERVER,
    options: OPTION_97,
  });
  expect(again.events.map(({ kind }) => kind)).toEqual(['dhcp.ack']);
  rig.pass(3601);
  expect(rig.send({ type: 1, mac: clientMac(2), options: OPTION_97 }).events[0]?.kind).toBe(
    'machine.conflict',
  );
});

test("a record without cards is found by its UUID, regardless of the board's card", () => {
  const { macs: _macs, ...rest } = declared;
  const rig = new DhcpRig({ machines: [{ ...rest, macs: [] }] });
  expect(rig.lease(clientMac(2), OPTION_97)).toBe('10.20.0.24');
});

test('a second board with that UUID gets the address when the first is silent, and an event names both', () => {
  const { macs: _macs, ...rest } = declared;
  const rig = new DhcpRig({ policy: { conflictDetection: 'not-pxe' }, machines: [{ ...rest, macs: [] }] });
  expect(rig.lease(clientMac(2), OPTION_97)).toBe('10.20.0.24');
  const offer = rig.send({ type: 1, mac: clientMac(3), options: OPTION_97 });
  expect(offer).toMatchObject({ kind: 'reply', message: { yiaddr: '10.20.0.24' }, probe: '10.20.0.24' });
  expect(offer.events[0]).toMatchObject({
    kind: 'machine.conflict',
    mac: clientMac(3),
    address: '10.20.0.24',
    summary: `10.20.0.24, which is reserved for machine twin, goes from ${clientMac(2)} to ${clientMac(3)}, which sends the same UUID: if these are two boards, write their MAC addresses into their records`,
    detail: { conflict: 'address_moved', by: 'uuid', with: clientMac(2) },
  });
  // The first board asks again without having lost it: nothing has moved.
  const first = new DhcpRig({ policy: { conflictDetection: 'not-pxe' }, machines: [{ ...rest, macs: [] }] });
  first.lease(clientMac(2), OPTION_97);
  const again = first.send({ type: 1, mac: clientMac(2), options: OPTION_97 });
  expect(again.events.map(({ kind }) => kind)).not.toContain('machine.conflict');
});
