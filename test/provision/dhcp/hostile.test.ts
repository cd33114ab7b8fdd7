import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeRequest } from '../../../src/protocol/dhcp/decode.ts';
import { encodeMessage } from '../../../src/protocol/dhcp/encode.ts';
import { MalformedMessage } from '../../../src/protocol/malformed-message.ts';
import { defineSubnet } from '../../../src/provision/dhcp/subnets/subnet.ts';
import { GOLDEN_PACKETS, goldenBytes } from '../../protocol/dhcp/golden-packets.ts';
import {
  clientMac,
  DhcpRig,
  hex,
  ip,
  machine,
  onWire,
  outcome,
  packetOf,
  rackSubnet,
  replyOf,
  type RequestSpec,
  SERVER,
  UEFI_PXE,
} from './dhcp-rig.ts';
import { cidr } from './dhcp-rig.ts';

// Packets that no real client sends. Packets that decoding refuses are in test/protocol/dhcp/decode.test.ts.

const STRICT = { policy: { clientPacketsPerSecond: 20 } };

describe('unusual options', () => {
  test.each<[name: string, options: Record<number, string>]>([
    ['no requested options at all', { 55: '' }],
    [
      '255 requested options, with 0, 255, 235, 52, 53 and 54 repeated',
      { 55: `${'00ffeb343536'.repeat(42)}010203` },
    ],
    ['an empty client identifier', { 61: '' }],
    ['a client identifier of 255 bytes', { 61: 'ab'.repeat(255) }],
    ['architectures of odd lengths', { ...UEFI_PXE, 93: '000700' }],
    ['a vendor class of 255 bytes', { 93: '0007', 60: hex('PXEClient'.padEnd(255, 'A')) }],
    ['a user class that overflows', { ...UEFI_PXE, 77: 'ff41' }],
    ['option 175 that overflows', { ...UEFI_PXE, 175: '13ff01' }],
    ['option 43 that overflows', { ...UEFI_PXE, 43: '47ff' }],
    ['a host name that is a path', { 12: hex('../../../etc/passwd') }],
  ])('%s', (_name, options) => {
    for (const type of [1, 3]) {
      const decision = new DhcpRig().send({ type, requested: '10.20.0.50', options });
      expect(outcome(decision)).toBe(`${type === 1 ? 'DHCPOFFER' : 'DHCPACK'} 10.20.0.50`);
      expect(
        encodeMessage(replyOf(decision).message, replyOf(decision).limits).bytes.length,
      ).toBeLessThanOrEqual(1472);
    }
  });

  test('a long client identifier is echoed if it fits, and otherwise dropped before more important options', () => {
    const roomy = onWire(new DhcpRig().send({ type: 1, options: { 57: '05c0', 61: 'ab'.repeat(255) } }));
    expect(roomy.options.get(61)?.length).toBe(255);
    const tight = { ...UEFI_PXE, 61: 'ab'.repeat(255), 82: `01fd${'cd'.repeat(253)}`, 97: '00'.repeat(17) };
    const message = onWire(new DhcpRig().send({ type: 1, giaddr: '10.20.0.253', options: tight }));
    expect(message.options.has(61)).toBe(false);
    expect([53, 54, 51, 1, 3, 67, 82].every((code) => message.options.has(code))).toBe(true);
  });
});

describe('addresses that are not the sender’s', () => {
  test.each<[name: string, packet: RequestSpec, expected: string]>([
    [
      'rebinding from no address, as old busybox does',
      { type: 3, ciaddr: '10.20.0.50', source: '0.0.0.0' },
      'DHCPACK 10.20.0.50',
    ],
    [
      'release from no address',
      { type: 7, ciaddr: '10.20.0.50', server: SERVER, source: '0.0.0.0' },
      'spoofed_source',
    ],
    [
      'renewal from another address',
      { type: 3, ciaddr: '10.20.0.50', source: '10.20.0.66' },
      'spoofed_source',
    ],
    [
      'DHCPINFORM from another address',
      { type: 8, ciaddr: '10.20.0.50', source: '10.20.0.66' },
      'spoofed_source',
    ],
    [
      'release from another address',
      { type: 7, ciaddr: '10.20.0.50', server: SERVER, source: '10.20.0.66' },
      'spoofed_source',
    ],
    [
      'renewal through a relay',
      { type: 3, ciaddr: '10.20.0.50', giaddr: '10.20.0.253' },
      'DHCPACK 10.20.0.50',
    ],
    ['from a network that is not served', { type: 8, ciaddr: '203.0.113.9' }, 'spoofed_source'],
    [
      'a DHCPDISCOVER from a network that is not served',
      { type: 1, source: '203.0.113.9' },
      'spoofed_source',
    ],
    ['from loopback', { type: 8, ciaddr: '127.0.0.1' }, 'spoofed_source'],
    ['from a multicast address', { type: 8, ciaddr: '224.0.0.1' }, 'spoofed_source'],
    ["from a subnet's broadcast address", { type: 8, ciaddr: '10.20.0.255' }, 'spoofed_source'],
    [
      'to port 4011 from a network that is not served',
      { type: 3, port: 4011, ciaddr: '10.20.0.255', sourcePort: 4011, options: UEFI_PXE },
      'no_return_address',
    ],
    [
      'an address of another network: its client has moved here',
      { type: 3, ciaddr: '203.0.113.9' },
      'DHCPNAK 0.0.0.0',
    ],
    ['DHCPINFORM without an address', { type: 8 }, 'incomplete'],
    [
      'DHCPINFORM for an address of another network',
      { type: 8, ciaddr: '203.0.113.9', source: '0.0.0.0' },
      'no_subnet',
    ],
    ['the broadcast address', { type: 3, requested: '10.20.0.255', server: SERVER }, 'DHCPNAK 0.0.0.0'],
    ['the network address', { type: 3, requested: '10.20.0.0', server: SERVER }, 'DHCPNAK 0.0.0.0'],
    ['our own address', { type: 3, requested: '10.20.0.1', server: SERVER }, 'DHCPNAK 0.0.0.0'],
    ["the router's address", { type: 3, requested: '10.20.0.254', server: SERVER }, 'DHCPNAK 0.0.0.0'],
  ])('%s', (_name, packet, expected) => {
    expect(outcome(new DhcpRig().send(packet))).toBe(expected);
  });

  test('a machine whose record reserves the router or our own address does not get it', () => {
    for (const address of ['10.20.0.254', '10.20.0.1', '10.20.0.255']) {
      const machines = [machine({ id: 'n', macs: [clientMac(1)], address: ip(address) })];
      expect(outcome(new DhcpRig({ machines }).send({ type: 1 }))).toBe('DHCPOFFER 10.20.0.50');
    }
  });
});

describe('floods', () => {
  test('a hundred identical DHCPDISCOVERs within 10 ms: five replies, one offer', () => {
    const rig = new DhcpRig(STRICT);
    const { now } = rig;
    const replies = Array.from({ length: 100 }, (_, index) =>
      rig.engine.handle(packetOf({ type: 1 }), { ...now, monotonicMs: now.monotonicMs + index / 10 }),
    ).filter((decision) => decision.kind === 'reply');
    expect(replies).toHaveLength(5);
    expect(rig.engine.usage(rig.now)).toMatchObject([{ offered: 1 }]);
  });

  test('each client without a hardware address has its own limit', () => {
    const rig = new DhcpRig({ ...STRICT, subnets: [rackSubnet()] });
    const outcomes = Array.from({ length: 10 }, (_, client) =>
      outcome(
        rig.engine.handle(packetOf({ type: 1, htype: 32, options: { 61: `ff0000000${client}` } }), rig.now),
      ),
    );
    expect(outcomes.filter((one) => one.startsWith('DHCPOFFER'))).toHaveLength(10);
  });

  test('clients with the same transaction id, and two transaction ids of one client, are kept apart', () => {
    const rig = new DhcpRig();
    const offers = [
      rig.send({ type: 1, mac: clientMac(1), xid: 1 }),
      rig.send({ type: 1, mac: clientMac(2), xid: 1 }),
      rig.send({ type: 1, mac: clientMac(1), xid: 2 }),
      rig.send({ type: 3, mac: clientMac(2), xid: 1, requested: '10.20.0.51', server: SERVER }),
      rig.send({ type: 3, mac: clientMac(1), xid: 1, requested: '10.20.0.50', server: SERVER }),
    ];
    expect(offers.map(outcome)).toEqual([
      ...['DHCPOFFER 10.20.0.50', 'DHCPOFFER 10.20.0.51', 'DHCPOFFER 10.20.0.50'],
      ...['DHCPACK 10.20.0.51', 'DHCPACK 10.20.0.50'],
    ]);
    expect(offers.map((decision) => replyOf(decision).message.xid)).toEqual([1, 1, 2, 1, 1]);
  });

  test('one client cannot exhaust the pool with DHCPDECLINEs', () => {
    const rig = new DhcpRig();
    const outcomes: string[] = [];
    for (let count = 0; count < 8; count++) {
      const address = rig.lease(clientMac(1));
      outcomes.push(outcome(rig.send({ type: 4, mac: clientMac(1), requested: address, server: SERVER })));
    }
    expect(outcomes).toEqual([
      ...Array<string>(5).fill('decline accepted'),
      ...Array<string>(3).fill('decline_flood'),
    ]);
  });

  test('a flood of DHCPDECLINEs is reported once a minute', () => {
    const rig = new DhcpRig();
    const events = Array.from({ length: 8 }, () => {
      const address = rig.lease(clientMac(1));
      return rig.send({ type: 4, mac: clientMac(1), requested: address, server: SERVER }).events;
    });
    expect(events.flat().slice(5)).toMatchObject([
      { kind: 'dhcp.ignored', mac: clientMac(1), detail: { reason: 'decline_flood' } },
    ]);
  });

  test('many clients cannot exhaust the pool with DHCPDECLINEs: at most a tenth of it an hour', () => {
    const rig = new DhcpRig();
    for (let client = 0; client < 60; client++) {
      const address = rig.lease(clientMac(client));
      rig.send({ type: 4, mac: clientMac(client), requested: address, server: SERVER });
    }
    expect(rig.engine.usage(rig.now)).toMatchObject([{ declined: 10 }]);
  });

  test('forged clients do not take the pool from real ones', () => {
    const rig = new DhcpRig({
      machines: [machine({ id: 'known', macs: [clientMac(9_000)] })],
    });
    expect(rig.lease(clientMac(9_001))).toBe('10.20.0.50');
    // Five thousand forged clients within five seconds.
    let offers = 0;
    for (let client = 0; client < 5000; client++) {
      if (rig.send({ type: 1, mac: clientMac(client) }).kind === 'reply') offers++;
    }
    expect(offers).toBeLessThanOrEqual(90);
    expect(rig.lease(clientMac(9_000))).not.toBe('pool_exhausted');
    expect(rig.lease(clientMac(9_001))).toBe('10.20.0.50');
    // Their unaccepted offers end after ten seconds instead of a minute.
    rig.pass(11);
    expect(rig.lease(clientMac(9_002))).toMatch(/^10\.20\.0\./);
  });

  test.each<[name: string, spec: RequestSpec]>([
    ['after a restart', {}],
    ['that were never offered', { server: SERVER }],
  ])('requests for addresses %s do not take the last tenth of the pool', (_name, spec) => {
    const rig = new DhcpRig({ machines: [machine({ id: 'known', macs: [clientMac(9_000)] })] });
    const outcomes = Array.from({ length: 100 }, (_, client) =>
      outcome(rig.send({ type: 3, mac: clientMac(client), requested: `10.20.0.${50 + client}`, ...spec })),
    );
    expect(outcomes.filter((one) => one.startsWith('DHCPACK'))).toHaveLength(90);
    expect(outcomes.at(-1)).toBe('pool_exhausted');
    expect(rig.lease(clientMac(9_000))).toBe('10.20.0.140');
    // A client with a lease may request it again.
    expect(outcome(rig.send({ type: 3, mac: clientMac(0), requested: '10.20.0.50' }))).toBe(
      'DHCPACK 10.20.0.50',
    );
  });

  test('while unanswered offers fill the pool, new clients of a link are limited', () => {
    const rig = new DhcpRig({
      subnets: [
        defineSubnet({
          id: 'wide',
          cidr: cidr('10.20.0.0/16'),
          mode: 'full',
          pools: [{ first: ip('10.20.1.0'), last: ip('10.20.4.255') }],
        }),
      ],
    });
    const outcomes = Array.from({ length: 900 }, (_, client) =>
      outcome(rig.send({ type: 1, mac: clientMac(client) })),
    );
    expect(outcomes.filter((one) => one === 'pool_pressure').length).toBeGreaterThan(50);
    // A client that accepts its offer is not delayed.
    expect(rig.send({ type: 3, mac: clientMac(0), requested: '10.20.1.1', server: SERVER }).kind).toBe(
      'reply',
    );
  });

  test('a storm of ten thousand real machines is served', () => {
    const rig = new DhcpRig({
      subnets: [
        defineSubnet({
          id: 'wide',
          cidr: cidr('10.20.0.0/16'),
          mode: 'full',
          pools: [{ first: ip('10.20.64.0'), last: ip('10.20.127.255') }],
        }),
      ],
    });
    // All send DHCPDISCOVER at once, and accept their offers a little later.
    const offered = Array.from({ length: 10_000 }, (_, client) => {
      const offer = rig.send({ type: 1, mac: clientMac(client) });
      return offer.kind === 'reply' ? offer.message.yiaddr : undefined;
    });
    expect(offered.filter((address) => address === undefined)).toEqual([]);
    const acknowledged = offered.filter((address, client) => {
      const spec = { type: 3, mac: clientMac(client), requested: address!, server: SERVER };
      return outcome(rig.send(spec)) === `DHCPACK ${address}`;
    });
    expect(acknowledged).toHaveLength(10_000);
  });

  test('all clients together have a limit too', () => {
    const rig = new DhcpRig({ policy: { packetsPerSecond: 10 } });
    const { now } = rig;
    const outcomes = Array.from({ length: 20 }, (_, client) =>
      outcome(rig.engine.handle(packetOf({ type: 1, mac: clientMac(client) }), now)),
    );
    expect(outcomes.filter((one) => one === 'overload')).toHaveLength(10);
  });

  test('one client over its own limit does not use up the limit of all', () => {
    const rig = new DhcpRig({ policy: { packetsPerSecond: 100, clientPacketsPerSecond: 20 } });
    const { now } = rig;
    for (let count = 0; count < 500; count++)
      rig.engine.handle(packetOf({ type: 1, mac: clientMac(1) }), now);
    expect(outcome(rig.engine.handle(packetOf({ type: 1, mac: clientMac(2) }), now))).toBe(
      'DHCPOFFER 10.20.0.51',
    );
  });

  test('a client that is refused repeatedly is recorded once a minute', () => {
    const rig = new DhcpRig({ subnets: [rackSubnet({ allowUnknown: 'ignore' })] });
    const events = (): string[] => rig.send({ type: 1 }).events.map((event) => event.summary);
    expect([events(), events(), events()]).toEqual([['no answer: denied'], [], []]);
    rig.pass(61);
    expect(events()).toEqual(['no answer: denied']);
  });
});

test('every packet leads to a decision, and nothing is thrown', () => {
  const golden = Object.values(GOLDEN_PACKETS).map(goldenBytes);
  const rigs = (['full', 'proxy', 'auto'] as const).map(
    (mode) =>
      new DhcpRig({
        subnets: [rackSubnet({ mode, allowAutoFull: true, bootLeaseSeconds: 30, leaseSeconds: 30 })],
      }),
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...golden),
      fc.array(fc.tuple(fc.nat(420), fc.nat(255)), { maxLength: 12 }),
      fc.constantFrom<67 | 4011>(67, 4011),
      fc.constantFrom('0.0.0.0', '10.20.0.50', '192.168.1.1', '255.255.255.255', '127.0.0.1'),
      (bytes, changes, port, source) => {
        const copy = Uint8Array.from(bytes);
        for (const [offset, value] of changes) if (offset < copy.length) copy[offset] = value;
        for (const rig of rigs) {
          let decision;
          try {
            decision = rig.sendBytes(copy, { port, source });
          } catch (error) {
            expect(error).toBeInstanceOf(MalformedMessage);
            continue;
          }
          if (decision.kind !== 'reply') continue;
          const encoded = encodeMessage(decision.message, decision.limits).bytes;
          expect(encoded.length).toBeLessThanOrEqual(1472);
          expect(decision.message.op).toBe(2);
          // A reply is never treated as a request, so two servers cannot be made to answer each other.
          expect(() => decodeRequest(encoded)).toThrow(MalformedMessage);
          expect(decision.destination.address).not.toMatch(/^(127|0)\./);
          if (port === 4011) expect(decision.destination.address).toBe(source);
        }
      },
    ),
    { numRuns: 1500 },
  );
});
