import { describe, expect, test } from 'vitest';
import type { Pool } from '../../../../src/provision/dhcp/subnets/subnet.ts';
import { readSelector, type RequirementDocument } from '../../../../src/provision/selection/read-selector.ts';
import { reviewPools } from '../../../../src/provision/dhcp/leases/review-pools.ts';
import {
  clientMac,
  DhcpRig,
  hex,
  ip,
  machine,
  onWire,
  outcome,
  rackSubnet,
  type RequestSpec,
  type RigOptions,
  SERVER,
  UEFI_PXE,
} from '../dhcp-rig.ts';

const PHONE = { 60: hex('yealink') };

function pool(first: number, last: number, selector?: Record<string, RequirementDocument>): Pool {
  const range = { first: ip(`10.20.0.${first}`), last: ip(`10.20.0.${last}`) };
  if (selector === undefined) return range;
  const read = readSelector(selector, (_path, message) => {
    throw new Error(message);
  });
  return { ...range, selector: read };
}

const PHONES = pool(100, 119, { vendor_class: { prefix: 'yealink' } });
const EVERYBODY = pool(50, 69);

const rigWith = (pools: readonly Pool[], options: RigOptions = {}): DhcpRig =>
  new DhcpRig({ subnets: [rackSubnet({ pools })], ...options });

const request = (rig: DhcpRig, spec: RequestSpec): string => {
  const decision = rig.send({ type: 3, mac: clientMac(1), ...spec });
  if (decision.kind !== 'reply') return outcome(decision);
  const why = onWire(decision).options.get(56);
  return `${outcome(decision)}${why === undefined ? '' : `: ${Buffer.from(why).toString()}`}`;
};

describe('which clients get an address of a pool with a selector', () => {
  const wired = { mac: clientMac(3), id: 'wired', macs: [clientMac(3)], labels: { role: 'phone' } };
  test.each<[name: string, pools: readonly Pool[], client: Record<number, string>, expected: string]>([
    ['a client that it selects', [EVERYBODY, PHONES], PHONE, '10.20.0.100'],
    ['in any order of the pools', [PHONES, EVERYBODY], PHONE, '10.20.0.100'],
    ['no client that it does not select', [PHONES, EVERYBODY], { 60: hex('Cisco') }, '10.20.0.50'],
    ['no client for which there is no pool', [PHONES], {}, 'pool_exhausted'],
    ['by architecture', [EVERYBODY, pool(120, 129, { firmware: 'uefi' })], UEFI_PXE, '10.20.0.120'],
    ['by the label of a record', [EVERYBODY, pool(120, 129, { role: 'phone' })], {}, '10.20.0.120'],
    ['the first pool that selects it', [pool(120, 129, { network: 'rack' }), PHONES], {}, '10.20.0.120'],
  ])('%s', (_name, pools, options, expected) => {
    const rig = rigWith(
      pools.map((one) => ({ ...one })),
      { machines: [machine(wired)] },
    );
    expect(rig.lease(clientMac(3), options)).toBe(expected);
  });

  test('a client whose record declares another vendor class is selected by its record', () => {
    const declared = machine({ id: 'm', macs: [clientMac(1)], labels: { vendor_class: 'other' } });
    expect(rigWith([PHONES, EVERYBODY], { machines: [declared] }).lease(clientMac(1), PHONE)).toBe(
      '10.20.0.50',
    );
  });

  test('if its own pool is full, a client gets an address of the pool for all clients', () => {
    const rig = rigWith([EVERYBODY, pool(100, 102, { vendor_class: 'yealink' })]);
    const addresses = [1, 2, 3, 4].map((index) => rig.lease(clientMac(index), PHONE));
    expect(addresses).toEqual(['10.20.0.100', '10.20.0.101', '10.20.0.102', '10.20.0.50']);
  });

  test('a reserved address may be in a pool for other clients', () => {
    const known = machine({ id: 'm', macs: [clientMac(1)], address: ip('10.20.0.105') });
    const rig = rigWith([PHONES, EVERYBODY], { machines: [known] });
    expect(rig.lease(clientMac(1))).toBe('10.20.0.105');
    expect(rig.lease(clientMac(2), PHONE)).toBe('10.20.0.100');
  });

  test('an address of a pool is not given to another client that requests it', () => {
    const rig = rigWith([PHONES, EVERYBODY]);
    const offer = rig.send({ type: 1, mac: clientMac(1), requested: '10.20.0.105' });
    expect(outcome(offer)).toBe('DHCPOFFER 10.20.0.50');
    expect(request(rig, { requested: '10.20.0.105', server: SERVER })).toBe(
      'DHCPNAK 0.0.0.0: 10.20.0.105 is in a pool for other clients',
    );
    expect(request(rig, { requested: '10.20.0.105' })).toBe(
      'DHCPNAK 0.0.0.0: 10.20.0.105 is in a pool for other clients',
    );
  });
});

describe('a client that its pool no longer selects', () => {
  /** It has 10.20.0.100 as a telephone, and sends another vendor class from now on. */
  const changed = (): DhcpRig => {
    const rig = rigWith([PHONES, EVERYBODY]);
    expect(rig.lease(clientMac(1), PHONE)).toBe('10.20.0.100');
    return rig;
  };

  test('keeps its address as long as it renews', () => {
    expect(request(changed(), { ciaddr: '10.20.0.100' })).toBe('DHCPACK 10.20.0.100');
  });

  test('does not get it again after the lease has ended', () => {
    const rig = changed();
    rig.pass(7200);
    expect(request(rig, { ciaddr: '10.20.0.100' })).toBe(
      'DHCPNAK 0.0.0.0: 10.20.0.100 is in a pool for other clients',
    );
  });

  test('is refused it after its own restart, and moves', () => {
    const rig = changed();
    expect(request(rig, { requested: '10.20.0.100' })).toBe(
      'DHCPNAK 0.0.0.0: 10.20.0.100 is in a pool for other clients',
    );
    expect(rig.lease(clientMac(1))).toBe('10.20.0.50');
    expect(rig.lease(clientMac(2), PHONE)).toBe('10.20.0.101');
  });

  test('keeps it if the settings changed after the lease began', () => {
    const before = rigWith([pool(50, 119)]);
    for (let index = 1; index <= 51; index++) before.lease(clientMac(index));
    const rig = rigWith([PHONES, EVERYBODY], { leases: [...before.stored.values()] });
    expect(before.stored.get('10.20.0.100')?.chaddr).toBe(clientMac(51));
    expect(request(rig, { mac: clientMac(51), ciaddr: '10.20.0.100' })).toBe('DHCPACK 10.20.0.100');
    expect(outcome(rig.send({ type: 1, mac: clientMac(52), options: PHONE }))).toBe('DHCPOFFER 10.20.0.101');
  });
});

test('a client that a pool selects moves there from the pool for all clients at its next DHCPDISCOVER', () => {
  const rig = rigWith([PHONES, EVERYBODY]);
  expect(rig.lease(clientMac(1))).toBe('10.20.0.50');
  expect(request(rig, { ciaddr: '10.20.0.50', options: PHONE })).toBe('DHCPACK 10.20.0.50');
  expect(rig.lease(clientMac(1), PHONE)).toBe('10.20.0.100');
  // The address that it gave up is available to others.
  expect(
    [...rig.stored.values()].filter(({ state }) => state === 'bound').map(({ address }) => address),
  ).toEqual(['10.20.0.100']);
});

test('each pool keeps a tenth for machines with a record, and a full pool does not count for another', () => {
  const rig = rigWith([pool(50, 59), pool(100, 109, { vendor_class: 'yealink' })]);
  const leased = (options: Record<number, string>, from: number): string[] =>
    Array.from({ length: 12 }, (_, index) => rig.lease(clientMac(from + index), options));
  const others = leased({}, 1);
  expect(others.slice(0, 9)).toEqual(Array.from({ length: 9 }, (_, index) => `10.20.0.${50 + index}`));
  expect(others.slice(9)).toEqual(['pool_exhausted', 'pool_exhausted', 'pool_exhausted']);
  const phones = leased(PHONE, 100);
  expect(phones.slice(0, 9)).toEqual(Array.from({ length: 9 }, (_, index) => `10.20.0.${100 + index}`));
  expect(phones.slice(9)).toEqual(['pool_exhausted', 'pool_exhausted', 'pool_exhausted']);
  expect(rig.engine.usage(rig.now)).toMatchObject([{ poolSize: 20, bound: 18 }]);
});

test('offers that fill one pool limit new clients, however large the other pools are', () => {
  const rig = rigWith([pool(50, 59), pool(100, 199, { vendor_class: 'yealink' })]);
  for (let index = 1; index <= 8; index++) rig.send({ type: 1, mac: clientMac(index) });
  const [subnet] = [...rig.engine.usage(rig.now)];
  expect(subnet).toMatchObject({ offered: 8 });
  // While unanswered offers fill the pool, offers end after ten seconds.
  rig.pass(11);
  expect(rig.engine.usage(rig.now)).toMatchObject([{ offered: 0 }]);
});

test('before records are known, a client keeps the address of a pool for labels of its record', () => {
  const records = [machine({ id: 'm', macs: [clientMac(1)], labels: { role: 'phone' } })];
  const pools = [pool(100, 109, { role: 'phone' }), EVERYBODY];
  const before = rigWith(pools, { machines: records });
  expect(before.lease(clientMac(1))).toBe('10.20.0.100');
  const rig = rigWith(pools, { machines: records, recordsReady: false, leases: [...before.stored.values()] });
  expect(rig.lease(clientMac(1))).toBe('10.20.0.100');
});

test('a pool that no client can use is reported', () => {
  const subnets = [rackSubnet({ pools: [EVERYBODY, pool(100, 109, { role: 'phone' }), PHONES] })];
  expect(reviewPools([], subnets)).toEqual([
    {
      network: 0,
      pool: 1,
      message: expect.stringMatching(
        /^no client gets an address of the pool 10\.20\.0\.100-10\.20\.0\.109 of network rack: its selector requires the label role, which/,
      ) as unknown,
    },
  ]);
  expect(reviewPools([machine({ id: 'm', labels: { role: 'phone' } })], subnets)).toEqual([]);
});
