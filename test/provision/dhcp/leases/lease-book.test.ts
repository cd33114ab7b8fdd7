import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Lease } from '../../../../src/provision/dhcp/leases/lease.ts';
import { changesOf } from '../../../../src/provision/dhcp/replies/dhcp-decision.ts';
import { defineSubnet } from '../../../../src/provision/dhcp/subnets/subnet.ts';
import {
  clientMac,
  DhcpRig,
  ip,
  machine,
  outcome,
  rackSubnet,
  replyOf,
  type RigOptions,
  SERVER,
} from '../dhcp-rig.ts';
import { cidr } from '../dhcp-rig.ts';

const pool = (first: string, last: string): RigOptions => ({
  subnets: [rackSubnet({ pools: [{ first: ip(first), last: ip(last) }] })],
});

const sorted = (leases: Iterable<Lease>): Lease[] =>
  [...leases].sort((a, b) => ip(a.address).localeCompare(ip(b.address)));

describe('the life of an address', () => {
  test('an offer ends after a minute', () => {
    const rig = new DhcpRig();
    const wants = { type: 1, mac: clientMac(2), requested: '10.20.0.50' };
    expect(outcome(rig.send({ type: 1, mac: clientMac(1) }))).toBe('DHCPOFFER 10.20.0.50');
    rig.pass(59);
    expect(outcome(rig.send(wants))).toBe('DHCPOFFER 10.20.0.51');
    rig.pass(2);
    expect(outcome(rig.send({ ...wants, mac: clientMac(3) }))).toBe('DHCPOFFER 10.20.0.50');
  });

  test('a repeated DHCPDISCOVER restarts the minute', () => {
    const rig = new DhcpRig();
    for (let count = 0; count < 5; count++) {
      expect(outcome(rig.send({ type: 1, mac: clientMac(1) }))).toBe('DHCPOFFER 10.20.0.50');
      rig.pass(50);
    }
    expect(rig.engine.usage(rig.now)).toMatchObject([{ offered: 1, bound: 0 }]);
    rig.pass(11);
    expect(rig.engine.usage(rig.now)).toMatchObject([{ offered: 0 }]);
  });

  test('offers that fill the pool end after ten seconds', () => {
    const rig = new DhcpRig(pool('10.20.0.50', '10.20.0.50'));
    rig.send({ type: 1, mac: clientMac(1) });
    rig.pass(9);
    expect(outcome(rig.send({ type: 1, mac: clientMac(2) }))).toBe('pool_exhausted');
    rig.pass(2);
    expect(outcome(rig.send({ type: 1, mac: clientMac(2) }))).toBe('DHCPOFFER 10.20.0.50');
  });

  test('an expired lease is remembered while there are unused addresses', () => {
    const rig = new DhcpRig(pool('10.20.0.50', '10.20.0.53'));
    expect(rig.lease(clientMac(1))).toBe('10.20.0.50');
    rig.pass(3601);
    expect(rig.engine.findLease(ip('10.20.0.50'), rig.now)?.state).toBe('expired');
    expect(rig.lease(clientMac(2))).toBe('10.20.0.51');
    expect(rig.lease(clientMac(1))).toBe('10.20.0.50');
  });

  test('if no unused address is left, the one given up longest ago is reused first', () => {
    const rig = new DhcpRig(pool('10.20.0.50', '10.20.0.52'));
    for (const client of [1, 2, 3]) {
      rig.lease(clientMac(client));
      rig.pass(60);
    }
    rig.send({ type: 7, mac: clientMac(2), ciaddr: '10.20.0.51', server: SERVER });
    rig.pass(4000);
    expect(rig.lease(clientMac(4))).toBe('10.20.0.51');
    expect(rig.lease(clientMac(5))).toBe('10.20.0.50');
    // Client 3 comes back in time, and client 2 finds its address taken and no other left.
    expect(rig.lease(clientMac(3))).toBe('10.20.0.52');
    expect(rig.lease(clientMac(2))).toBe('pool_exhausted');
  });

  test('a remembered address that is offered to another client goes back to its client if the offer is not accepted', () => {
    const rig = new DhcpRig(pool('10.20.0.50', '10.20.0.50'));
    rig.lease(clientMac(1));
    rig.pass(3601);
    expect(outcome(rig.send({ type: 1, mac: clientMac(2) }))).toBe('DHCPOFFER 10.20.0.50');
    expect(outcome(rig.send({ type: 1, mac: clientMac(1) }))).toBe('pool_exhausted');
    rig.pass(61);
    expect(outcome(rig.send({ type: 1, mac: clientMac(1) }))).toBe('DHCPOFFER 10.20.0.50');
  });

  test('an offer holds its address, even if the client had one that is now reserved for another machine', () => {
    const rig = new DhcpRig(pool('10.20.0.50', '10.20.0.59'));
    rig.lease(clientMac(1));
    rig.pass(3601);
    rig.machines = [machine({ id: 'other', macs: [clientMac(2)], address: ip('10.20.0.50') })];
    rig.engine.reservationsChanged();
    const offers = Array.from({ length: 4 }, () => outcome(rig.send({ type: 1, mac: clientMac(1) })));
    expect(new Set(offers)).toEqual(new Set(['DHCPOFFER 10.20.0.51']));
  });

  test('a declined address is withheld for ten minutes', () => {
    const rig = new DhcpRig(pool('10.20.0.50', '10.20.0.50'));
    rig.lease(clientMac(1));
    rig.send({ type: 4, mac: clientMac(1), requested: '10.20.0.50', server: SERVER });
    rig.pass(599);
    expect(rig.lease(clientMac(1))).toBe('pool_exhausted');
    rig.pass(2);
    expect(rig.lease(clientMac(1))).toBe('10.20.0.50');
  });

  test('an address that a probe finds in use is withheld too, and the client gets another', () => {
    const rig = new DhcpRig({ policy: { conflictDetection: 'not-pxe' } });
    const offer = replyOf(rig.send({ type: 1, mac: clientMac(1) }));
    expect(offer.probe).toBe('10.20.0.50');
    rig.commit(rig.engine.markInUse(ip('10.20.0.50'), clientMac(9), rig.now)!);
    expect(rig.stored.get('10.20.0.50')?.state).toBe('declined');
    expect(rig.lease(clientMac(1))).toBe('10.20.0.51');
    expect(replyOf(rig.send({ type: 1, mac: clientMac(1) })).probe).toBeUndefined();
  });

  test.each<
    [
      name: string,
      policy: 'off' | 'not-pxe' | 'all',
      options: Record<number, string>,
      giaddr: string | undefined,
      probe: boolean,
    ]
  >([
    ['off', 'off', {}, undefined, false],
    ['an installed system', 'not-pxe', {}, undefined, true],
    ['firmware, which does not wait', 'not-pxe', { 60: '505845436c69656e74' }, undefined, false],
    ['firmware, where probing is required', 'all', { 60: '505845436c69656e74' }, undefined, true],
    ['behind a relay', 'all', {}, '10.20.0.253', false],
  ])('whether the address is probed first: %s', (_name, conflictDetection, options, giaddr, probe) => {
    const rig = new DhcpRig({ policy: { conflictDetection } });
    const spec = { type: 1, options, ...(giaddr !== undefined && { giaddr }) };
    expect(replyOf(rig.send(spec)).probe !== undefined).toBe(probe);
  });
});

describe('which addresses a pool gives out', () => {
  test('none that is in use otherwise: network, broadcast, router, relay, server, our own, excluded, reserved', () => {
    const rig = new DhcpRig({
      subnets: [
        defineSubnet({
          id: 'small',
          cidr: cidr('10.20.0.0/28'),
          mode: 'full',
          pools: [{ first: ip('10.20.0.0'), last: ip('10.20.0.15') }],
          routers: [ip('10.20.0.2')],
          relays: [ip('10.20.0.3')],
          serverAddress: ip('10.20.0.4'),
          nextServer: ip('10.20.0.5'),
          exclude: [{ first: ip('10.20.0.6'), last: ip('10.20.0.7') }],
        }),
      ],
      machines: [machine({ id: 'n', address: ip('10.20.0.8') })],
      localAddresses: [SERVER],
    });
    const given = Array.from({ length: 16 }, (_, index) => rig.lease(clientMac(index)));
    expect(given.filter((one) => one !== 'pool_exhausted')).toEqual(
      [9, 10, 11, 12, 13, 14].map((octet) => `10.20.0.${octet}`),
    );
    // The reserved one counts, since its machine may get it, and our own, which may be removed from this host; the
    // others do not.
    expect(rig.engine.usage(rig.now)).toMatchObject([{ poolSize: 8, bound: 6 }]);
    // Nor does a client get them by requesting them.
    for (const octet of [0, 1, 2, 3, 4, 5, 6, 7, 8, 15]) {
      const spec = { type: 3, mac: clientMac(99), requested: `10.20.0.${octet}`, server: '10.20.0.4' };
      expect(outcome(rig.send(spec))).toBe('DHCPNAK 0.0.0.0');
    }
  });

  test('in a large network, none ending in 0 or 255 unless the settings allow it', () => {
    const wide = (skipOctetEdges: boolean): string[] => {
      const rig = new DhcpRig({
        subnets: [
          defineSubnet({
            id: 'wide',
            cidr: cidr('10.20.0.0/16'),
            mode: 'full',
            pools: [{ first: ip('10.20.1.254'), last: ip('10.20.2.7') }],
            skipOctetEdges,
          }),
        ],
      });
      return [1, 2, 3, 4].map((index) => rig.lease(clientMac(index)));
    };
    expect(wide(true)).toEqual(['10.20.1.254', '10.20.2.1', '10.20.2.2', '10.20.2.3']);
    expect(wide(false)).toEqual(['10.20.1.254', '10.20.1.255', '10.20.2.0', '10.20.2.1']);
  });

  test('of several pools, one after the other', () => {
    const rig = new DhcpRig({
      subnets: [
        rackSubnet({
          pools: [
            { first: ip('10.20.0.90'), last: ip('10.20.0.91') },
            { first: ip('10.20.0.50'), last: ip('10.20.0.51') },
          ],
        }),
      ],
    });
    expect([1, 2, 3, 4].map((index) => rig.lease(clientMac(index)))).toEqual(
      [50, 51, 90, 91].map((octet) => `10.20.0.${octet}`),
    );
  });

  test('a tenth is kept for known machines', () => {
    const rig = new DhcpRig(pool('10.20.0.50', '10.20.0.69'));
    const unknown = Array.from({ length: 20 }, (_, index) => rig.lease(clientMac(index)));
    expect(unknown.filter((one) => one === 'pool_exhausted')).toHaveLength(2);
    rig.machines = [machine({ id: 'n', macs: [clientMac(99)] })];
    expect(rig.lease(clientMac(99))).toBe('10.20.0.68');
    // A client that has such an address keeps it.
    expect(rig.lease(clientMac(0))).toBe('10.20.0.50');
  });

  test('a million addresses use no memory before they are leased', () => {
    const before = process.memoryUsage().heapUsed;
    const rig = new DhcpRig({
      subnets: [
        defineSubnet({
          id: 'huge',
          cidr: cidr('10.0.0.0/8'),
          mode: 'full',
          pools: [{ first: ip('10.16.0.0'), last: ip('10.31.255.255') }],
        }),
      ],
    });
    for (let index = 0; index < 2000; index++) rig.lease(clientMac(index));
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(50e6);
    expect(rig.engine.usage(rig.now)).toMatchObject([{ poolSize: 2 ** 20 - 2 * 4096, bound: 2000 }]);
  });
});

describe('commits', () => {
  const asks = (client: number, address: string): Parameters<DhcpRig['send']>[0] => ({
    type: 3,
    mac: clientMac(client),
    requested: address,
    server: SERVER,
  });

  test('while a lease is being written its address is not offered to others', () => {
    const rig = new DhcpRig(pool('10.20.0.50', '10.20.0.50'));
    rig.sendUncommitted(asks(1, '10.20.0.50'));
    expect(outcome(rig.send({ type: 1, mac: clientMac(2) }))).toBe('pool_exhausted');
  });

  test('a lease that could not be written is undone, and must not be acknowledged', () => {
    const rig = new DhcpRig();
    const decision = rig.sendUncommitted(asks(1, '10.20.0.50'));
    expect(rig.engine.commitFailed(decision, rig.now)).toBe('drop');
    expect(rig.engine.findLease(ip('10.20.0.50'), rig.now)).toBeUndefined();
    expect(rig.lease(clientMac(2))).toBe('10.20.0.50');
  });

  test('a renewal on a full disk is acknowledged, and remembered until the next start', () => {
    const rig = new DhcpRig();
    rig.lease(clientMac(1));
    rig.pass(1800);
    const decision = rig.sendUncommitted({ type: 3, mac: clientMac(1), ciaddr: '10.20.0.50' });
    expect(rig.engine.commitFailed(decision, rig.now)).toBe('send');
    rig.pass(3000);
    expect(rig.engine.findLease(ip('10.20.0.50'), rig.now)?.state).toBe('bound');
  });

  test('a request that is repeated before the first one is written counts as new too', () => {
    const rig = new DhcpRig();
    const first = rig.sendUncommitted(asks(1, '10.20.0.50'));
    const second = rig.sendUncommitted(asks(1, '10.20.0.50'));
    expect(rig.engine.commitFailed(first, rig.now)).toBe('drop');
    expect(rig.engine.commitFailed(second, rig.now)).toBe('drop');
    expect(rig.engine.findLease(ip('10.20.0.50'), rig.now)).toBeUndefined();
  });

  test('of two writes of an address the last successful one counts', () => {
    const rig = new DhcpRig();
    const first = rig.sendUncommitted(asks(1, '10.20.0.50'));
    const second = rig.sendUncommitted(asks(1, '10.20.0.50'));
    rig.engine.commitFailed(first, rig.now);
    rig.engine.committed(second, rig.now);
    expect(rig.engine.findLease(ip('10.20.0.50'), rig.now)?.state).toBe('bound');
  });

  test('a client whose move could not be written keeps its address', () => {
    const rig = new DhcpRig();
    rig.lease(clientMac(1));
    rig.machines = [machine({ id: 'n', macs: [clientMac(1)], address: ip('10.20.0.10') })];
    const moving = rig.sendUncommitted(asks(1, '10.20.0.10'));
    expect(changesOf(moving)).toMatchObject([{ kind: 'delete', address: '10.20.0.50' }, { kind: 'put' }]);
    rig.engine.commitFailed(moving, rig.now);
    expect(rig.engine.findLease(ip('10.20.0.50'), rig.now)?.state).toBe('bound');
    expect(rig.engine.findLease(ip('10.20.0.10'), rig.now)).toBeUndefined();
  });

  test('a decline or release that could not be written holds until the next start', () => {
    const rig = new DhcpRig();
    rig.lease(clientMac(1));
    const decline = rig.sendUncommitted({
      type: 4,
      mac: clientMac(1),
      requested: '10.20.0.50',
      server: SERVER,
    });
    expect(rig.engine.commitFailed(decline, rig.now)).toBe('drop');
    expect(rig.engine.findLease(ip('10.20.0.50'), rig.now)?.state).toBe('declined');
  });
});

describe('clocks', () => {
  const restarted = (rig: DhcpRig, wallSeconds: number): DhcpRig => {
    const next = new DhcpRig({ leases: [] });
    next.jump((rig.now.wallMs - next.now.wallMs) / 1000 + wallSeconds);
    next.engine.load([...rig.stored.values()], next.now);
    return next;
  };

  test.each([-86_400, 315_360_000])('a wall clock that jumps by %d s changes no lease', (seconds) => {
    const rig = new DhcpRig();
    rig.lease(clientMac(1));
    rig.jump(seconds);
    rig.pass(3590);
    expect(rig.engine.findLease(ip('10.20.0.50'), rig.now)?.state).toBe('bound');
    rig.pass(20);
    expect(rig.engine.findLease(ip('10.20.0.50'), rig.now)?.state).toBe('expired');
  });

  test('after a start with the clock a day behind a lease lasts longer, never shorter', () => {
    const rig = new DhcpRig();
    rig.lease(clientMac(1));
    const next = restarted(rig, -86_400);
    next.pass(3600);
    expect(next.engine.findLease(ip('10.20.0.50'), next.now)?.state).toBe('bound');
  });

  test('after a start with the clock ten years ahead a client still gets its address', () => {
    const rig = new DhcpRig();
    rig.lease(clientMac(1));
    const next = restarted(rig, 315_360_000);
    expect(next.engine.findLease(ip('10.20.0.50'), next.now)?.state).toBe('expired');
    expect(next.lease(clientMac(2))).toBe('10.20.0.51');
    expect(next.lease(clientMac(1))).toBe('10.20.0.50');
  });

  test('leases of networks that were removed are not changed', () => {
    const rig = new DhcpRig();
    const gone: Lease = {
      ...{ address: ip('10.77.0.1'), subnetId: 'gone', clientKey: 'mac:x', chaddr: '' },
      ...{ state: 'bound', boundAt: 0, expiresAt: Number.MAX_SAFE_INTEGER },
    };
    rig.engine.load([gone], rig.now);
    expect([...rig.engine.listLeases(rig.now)]).toEqual([]);
  });
});

/** An action of a client, or an event. */
const arbitraryStep = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('lease' as const), client: fc.nat(11) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('discover' as const), client: fc.nat(11), wish: fc.nat(9) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('reboot' as const), client: fc.nat(11), wish: fc.nat(9) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('renew' as const), client: fc.nat(11), wish: fc.nat(9) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('release' as const), client: fc.nat(11), wish: fc.nat(9) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('decline' as const), client: fc.nat(11), wish: fc.nat(9) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('fail' as const), client: fc.nat(11), wish: fc.nat(9) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('pass' as const),
      seconds: fc.constantFrom(1, 30, 61, 601, 1800, 3700),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
);

// Some 24,000 packets: more than 20 s if the machine is busy with other things.
const SEQUENCES_TIMEOUT = { timeout: 120_000 };

test(
  'after any sequence of client actions no address is held by two clients, none is leaked, and a restart forgets nothing',
  SEQUENCES_TIMEOUT,
  () => {
    const size = 8;
    const options: RigOptions = {
      ...pool('10.20.0.50', `10.20.0.${49 + size}`),
      machines: [machine({ id: 'r', macs: [clientMac(0)], address: ip('10.20.0.57') })],
    };
    fc.assert(
      fc.property(fc.array(arbitraryStep, { maxLength: 80 }), (steps) => {
        let rig = new DhcpRig(options);
        /** Which client was told that it has which address, and until when. */
        const promised = new Map<string, { client: number; until: number }>();
        /** Addresses of renewals that were answered on a full disk, which a restart may forget. */
        const unwritten = new Set<string>();
        const told = (decision: ReturnType<DhcpRig['send']>, client: number): void => {
          if (decision.kind !== 'reply' || decision.message.options.get(53)?.[0] !== 5) return;
          const address = decision.message.yiaddr;
          const holder = promised.get(address);
          if (holder !== undefined && holder.client !== client)
            expect(holder.until).toBeLessThanOrEqual(rig.now.wallMs);
          for (const [other, promise] of promised) if (promise.client === client) promised.delete(other);
          promised.set(address, { client, until: rig.now.wallMs + 3_600_000 });
          const inPool = ip(address) >= ip('10.20.0.50') && ip(address) <= ip('10.20.0.57');
          expect(inPool).toBe(true);
          if (address === '10.20.0.57') expect(client).toBe(0);
        };
        for (const step of steps) {
          if (step.kind === 'pass') {
            rig.pass(step.seconds);
            continue;
          }
          if (step.kind === 'restart') {
            const next = new DhcpRig(options);
            next.jump((rig.now.wallMs - next.now.wallMs) / 1000);
            for (const [address, lease] of rig.stored) next.stored.set(address, lease);
            next.engine.load([...rig.stored.values()], next.now);
            const written = (one: DhcpRig): Lease[] =>
              sorted(one.engine.listLeases(one.now)).filter(({ address }) => !unwritten.has(address));
            expect(written(next)).toEqual(written(rig));
            unwritten.clear();
            rig = next;
            continue;
          }
          const client = clientMac(step.client);
          const wish = `10.20.0.${49 + ('wish' in step ? step.wish : 0)}`;
          switch (step.kind) {
            case 'lease': {
              const offer = rig.send({ type: 1, mac: client });
              if (offer.kind !== 'reply') break;
              told(
                rig.send({ type: 3, mac: client, requested: offer.message.yiaddr, server: SERVER }),
                step.client,
              );
              expect(promised.get(offer.message.yiaddr)?.client).toBe(step.client);
              break;
            }
            case 'discover':
              rig.send({ type: 1, mac: client, requested: wish });
              break;
            case 'reboot':
              told(rig.send({ type: 3, mac: client, requested: wish }), step.client);
              break;
            case 'renew':
              told(rig.send({ type: 3, mac: client, ciaddr: wish }), step.client);
              break;
            case 'release':
              if (rig.send({ type: 7, mac: client, ciaddr: wish, server: SERVER }).kind === 'accept')
                promised.delete(wish);
              break;
            case 'decline':
              if (rig.send({ type: 4, mac: client, requested: wish, server: SERVER }).kind === 'accept')
                promised.delete(wish);
              break;
            case 'fail': {
              const decision = rig.sendUncommitted({ type: 3, mac: client, requested: wish, server: SERVER });
              if (rig.engine.commitFailed(decision, rig.now) === 'drop') break;
              // The client was told, but the change was not stored: the store must still contain what the client was told
              // before.
              if (changesOf(decision).length === 0) break;
              expect(rig.stored.get(wish)?.clientKey).toBe(`mac:${client}`);
              unwritten.add(wish);
              break;
            }
          }
          const bound = [...rig.engine.listLeases(rig.now)].filter((lease) => lease.state === 'bound');
          expect(new Set(bound.map((lease) => lease.clientKey)).size).toBe(bound.length);
          const usage = rig.engine.usage(rig.now)[0]!;
          expect(usage.bound).toBe(bound.length);
          expect(usage.bound + usage.declined + usage.remembered).toBeLessThanOrEqual(size);
        }
        // When all leases have ended, the whole pool can be leased again: no address was lost.
        rig.pass(1_000_000);
        rig.machines = Array.from({ length: size }, (_, index) =>
          machine({ id: `k${index}`, macs: [clientMac(100 + index)] }),
        );
        rig.engine.reservationsChanged();
        const all = Array.from({ length: size }, (_, index) => rig.lease(clientMac(100 + index)));
        expect(new Set(all).size).toBe(size);
        expect(all).not.toContain('pool_exhausted');
      }),
      { numRuns: 300 },
    );
  },
);
