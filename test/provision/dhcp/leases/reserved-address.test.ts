import { describe, expect, test } from 'vitest';
import type { DhcpDecision } from '../../../../src/provision/dhcp/replies/dhcp-decision.ts';
import type { MacAddress } from '../../../../src/protocol/mac-address.ts';
import { parseUuid } from '../../../../src/protocol/machine-uuid.ts';
import {
  clientMac,
  DhcpRig,
  ip,
  machine,
  rackSubnet,
  type RequestSpec,
  SERVER,
  UEFI_PXE,
} from '../dhcp-rig.ts';

// The machine gets the address that its record reserves, whichever of its identities had it before.

const RESERVED = '10.20.0.20';
const IN_POOL = '10.20.0.60';
const [CARD_1, CARD_2, STRANGER] = [clientMac(1), clientMac(2), clientMac(3)];
const two = machine({ id: 'two', macs: [CARD_1, CARD_2], address: ip(RESERVED) });
const DUID = { 61: 'ff0011223300020000ab11aabbccddeeff0011' };
const PROBING = { policy: { conflictDetection: 'not-pxe' } } as const;

const discover = (mac: MacAddress, more: RequestSpec = {}): RequestSpec => ({ type: 1, mac, ...more });

/** What a decision offers, and whether the address must be probed first. */
function offered(decision: DhcpDecision): string {
  if (decision.kind !== 'reply') return decision.kind === 'ignore' ? decision.reason : decision.kind;
  return `${decision.message.yiaddr}${decision.probe === undefined ? '' : ', after a probe'}`;
}

const kinds = (decision: DhcpDecision): string[] => decision.events.map(({ kind }) => kind);

describe('another card of the record', () => {
  test('gets the address after a probe that no host answered', () => {
    const rig = new DhcpRig({ ...PROBING, machines: [two] });
    expect(rig.lease(CARD_1, UEFI_PXE)).toBe(RESERVED);
    const offer = rig.send(discover(CARD_2));
    expect(offered(offer)).toBe(`${RESERVED}, after a probe`);
    const ack = rig.send({ type: 3, mac: CARD_2, requested: RESERVED, server: SERVER });
    expect(offered(ack)).toBe(RESERVED);
    expect(rig.engine.findLease(ip(RESERVED), rig.now)).toMatchObject({ chaddr: CARD_2, state: 'bound' });
    expect([...rig.stored.values()].map(({ address, chaddr }) => `${address} ${chaddr}`)).toEqual([
      `${RESERVED} ${CARD_2}`,
    ]);
    // The earlier card gets a DHCPNAK for the address.
    const renewal = rig.send({ type: 3, mac: CARD_1, ciaddr: RESERVED, source: RESERVED });
    expect(kinds(renewal)).toEqual(['dhcp.nak']);
  });

  test('gets another one while the first card answers, and an event names the holder; later it is tried again', () => {
    const rig = new DhcpRig({ ...PROBING, machines: [two] });
    rig.lease(CARD_1, UEFI_PXE);
    rig.send(discover(CARD_2));
    const verdict = rig.engine.markInUse(ip(RESERVED), CARD_1, rig.now);
    expect(verdict).toMatchObject({
      changes: [],
      events: [
        {
          kind: 'dhcp.reservation_held',
          machineId: 'two',
          summary: `${RESERVED} is reserved for machine two and is in use by ${CARD_1}, another card of that machine: the machine gets it once that host is gone`,
        },
      ],
    });
    const other = rig.send(discover(CARD_2, { options: UEFI_PXE }));
    expect(offered(other)).toBe('10.20.0.50');
    expect(kinds(other)).toEqual(['dhcp.reservation_held', 'dhcp.offer']);
    // The first card keeps its address, and gets no second one.
    const renewal = rig.send({ type: 3, mac: CARD_1, ciaddr: RESERVED, source: RESERVED });
    expect(offered(renewal)).toBe(RESERVED);
    expect(offered(rig.send(discover(CARD_1)))).toBe(RESERVED);
    rig.pass(61);
    expect(offered(rig.send(discover(CARD_2)))).toBe(`${RESERVED}, after a probe`);
  });

  test('without a pool it gets no answer, and the event says why', () => {
    const rig = new DhcpRig({ ...PROBING, machines: [two], subnets: [rackSubnet({ pools: [] })] });
    rig.lease(CARD_1, UEFI_PXE);
    rig.send(discover(CARD_2));
    rig.engine.markInUse(ip(RESERVED), CARD_1, rig.now);
    const nothing = rig.send(discover(CARD_2));
    expect(offered(nothing)).toBe('pool_exhausted');
    expect(nothing.events[0]?.summary).toMatch(
      /reserved for machine two and is held by 02:00:00:00:00:01, which answers/,
    );
  });

  test('takes over an offer that the first card did not accept', () => {
    const rig = new DhcpRig({ machines: [two] });
    expect(offered(rig.send(discover(CARD_1)))).toBe(RESERVED);
    expect(rig.lease(CARD_2)).toBe(RESERVED);
  });

  test('where probing is off, it gets the address at once', () => {
    const rig = new DhcpRig({ machines: [two] });
    expect([rig.lease(CARD_1), rig.lease(CARD_2), rig.lease(CARD_1)]).toEqual([RESERVED, RESERVED, RESERVED]);
    expect(rig.stored.size).toBe(1);
  });
});

test('the installed system of the same card gets the address by its client identifier, without a probe', () => {
  const rig = new DhcpRig({
    policy: { identity: 'clientId', conflictDetection: 'not-pxe' },
    machines: [two],
  });
  expect(rig.lease(CARD_1, UEFI_PXE)).toBe(RESERVED);
  expect(offered(rig.send(discover(CARD_1, { options: DUID })))).toBe(RESERVED);
  expect(rig.lease(CARD_1, DUID)).toBe(RESERVED);
  // The firmware gets it again at the next boot, also by requesting the address that it had.
  expect(rig.lease(CARD_1, UEFI_PXE)).toBe(RESERVED);
  expect(offered(rig.send({ type: 3, mac: CARD_1, requested: RESERVED, options: DUID }))).toBe(RESERVED);
});

test('a card that was replaced in the record loses the address to the new one', () => {
  const rig = new DhcpRig({ machines: [machine({ id: 'm', macs: [CARD_1], address: ip(RESERVED) })] });
  expect(rig.lease(CARD_1)).toBe(RESERVED);
  rig.machines = [machine({ id: 'm', macs: [CARD_2], address: ip(RESERVED) })];
  expect(rig.lease(CARD_2)).toBe(RESERVED);
  expect(rig.lease(CARD_1)).toBe('10.20.0.50');
});

describe('behind a relay, where probing is impossible', () => {
  const relayed = (mac: MacAddress, type: number, more: RequestSpec = {}): RequestSpec => ({
    type,
    mac,
    giaddr: '10.20.0.254',
    source: '10.20.0.254',
    sourcePort: 67,
    ...more,
  });
  const PORT = { 82: '0102000a' };
  const leaseRelayed = (rig: DhcpRig, mac: MacAddress, options: Record<number, string> = {}): string => {
    const offer = rig.send(relayed(mac, 1, { options }));
    if (offer.kind !== 'reply') return offered(offer);
    const requested = offer.message.yiaddr;
    return offered(rig.send(relayed(mac, 3, { requested, server: SERVER, options })));
  };
  const relay = () => rackSubnet({ relays: [ip('10.20.0.254')] });

  test('a replaced board on a switch port gets the address of its port', () => {
    const rig = new DhcpRig({
      ...PROBING,
      subnets: [relay()],
      machines: [machine({ id: 'port', switchPort: { circuitId: '000a' }, address: ip(RESERVED) })],
    });
    expect(leaseRelayed(rig, CARD_1, PORT)).toBe(RESERVED);
    expect(leaseRelayed(rig, CARD_2, PORT)).toBe(RESERVED);
  });

  test('a listed card gets the address of the other one', () => {
    const rig = new DhcpRig({ ...PROBING, subnets: [relay()], machines: [two] });
    expect([leaseRelayed(rig, CARD_1), leaseRelayed(rig, CARD_2)]).toEqual([RESERVED, RESERVED]);
  });

  test('a second board with the same UUID waits, since both may be up', () => {
    const uuid = { 97: '0098d1958a467fe511bf8b08002704d48e' };
    const rig = new DhcpRig({
      ...PROBING,
      subnets: [relay()],
      machines: [
        machine({ id: 'u', uuid: parseUuid('8a95d198-7f46-11e5-bf8b-08002704d48e')!, address: ip(RESERVED) }),
      ],
    });
    expect(leaseRelayed(rig, CARD_1, { ...UEFI_PXE, ...uuid })).toBe(RESERVED);
    expect(leaseRelayed(rig, CARD_2, { ...UEFI_PXE, ...uuid })).toBe('10.20.0.50');
  });

  test('the machine waits for the lease of an unknown client, which is named; an operator can end it', () => {
    const rig = new DhcpRig({ ...PROBING, subnets: [relay()] });
    const offer = rig.send(relayed(STRANGER, 1, { requested: IN_POOL }));
    expect(offered(offer)).toBe(IN_POOL);
    rig.send(relayed(STRANGER, 3, { requested: IN_POOL, server: SERVER }));
    rig.machines = [machine({ id: 'm', macs: [CARD_1], address: ip(IN_POOL) })];
    const other = rig.send(relayed(CARD_1, 1));
    expect(offered(other)).toBe('10.20.0.50');
    expect(other.events[0]).toMatchObject({
      kind: 'dhcp.reservation_held',
      machineId: 'm',
      summary: `${IN_POOL} is reserved for machine m and is held by the lease of ${STRANGER}: the machine gets it when that ends; an operator can end a lease`,
    });
    const ended = rig.engine.endLease(ip(IN_POOL), rig.now);
    expect(ended).toMatchObject({
      changes: [{ kind: 'delete', address: IN_POOL }],
      events: [{ kind: 'dhcp.release' }],
    });
    rig.commit(ended!);
    expect(rig.engine.endLease(ip(IN_POOL), rig.now)).toBeUndefined();
    expect(leaseRelayed(rig, CARD_1)).toBe(IN_POOL);
  });
});

test('the lease of an unknown client is replaced if a probe gets no answer', () => {
  const rig = new DhcpRig(PROBING);
  rig.send(discover(STRANGER, { requested: IN_POOL }));
  rig.send({ type: 3, mac: STRANGER, requested: IN_POOL, server: SERVER });
  rig.machines = [machine({ id: 'm', macs: [CARD_1], address: ip(IN_POOL) })];
  expect(offered(rig.send(discover(CARD_1)))).toBe(`${IN_POOL}, after a probe`);
  expect(offered(rig.send({ type: 3, mac: CARD_1, requested: IN_POOL, server: SERVER }))).toBe(IN_POOL);
});

describe('a DHCPDECLINE in the machine’s name', () => {
  const decline: RequestSpec = { type: 4, mac: CARD_1, requested: RESERVED, server: SERVER };

  test('does not take away its reserved address, which is probed before it is offered again', () => {
    const rig = new DhcpRig({ ...PROBING, machines: [two] });
    expect(rig.lease(CARD_1, UEFI_PXE)).toBe(RESERVED);
    const declined = rig.send(decline);
    expect(declined.kind).toBe('accept');
    expect(declined.events[0]?.summary).toMatch(/stays reserved/);
    expect(offered(rig.send(discover(CARD_1, { options: UEFI_PXE })))).toBe(`${RESERVED}, after a probe`);
    expect(rig.lease(CARD_1, UEFI_PXE)).toBe(RESERVED);
  });

  test('does not affect a running machine, which renews its lease', () => {
    const rig = new DhcpRig({ ...PROBING, machines: [two] });
    rig.lease(CARD_1);
    rig.send(decline);
    expect(offered(rig.send({ type: 3, mac: CARD_1, ciaddr: RESERVED, source: RESERVED }))).toBe(RESERVED);
  });

  test('if a host answers, the machine gets another address, and the event names the host', () => {
    const rig = new DhcpRig({ ...PROBING, machines: [two] });
    rig.lease(CARD_1);
    rig.send(decline);
    rig.send(discover(CARD_1));
    expect(rig.engine.markInUse(ip(RESERVED), STRANGER, rig.now)?.events[0]?.summary).toMatch(
      /in use by 02:00:00:00:00:03, which is in no machine record/,
    );
    expect(offered(rig.send(discover(CARD_1, { options: UEFI_PXE })))).toBe('10.20.0.50');
  });
});
