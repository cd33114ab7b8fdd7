import pino from 'pino';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { decodeMessage } from '../../../src/protocol/dhcp/decode.ts';
import { encodeMessage } from '../../../src/protocol/dhcp/encode.ts';
import { type DhcpMessage, messageTypeOf } from '../../../src/protocol/dhcp/message.ts';
import { MessageType } from '../../../src/protocol/dhcp/option-codes.ts';
import {
  type Ipv4Address,
  ipv4ToBytes,
  parseIpv4,
  UNSPECIFIED_ADDRESS,
} from '../../../src/protocol/ipv4-address.ts';
import { parseCidr } from '../../../src/protocol/ipv4-cidr.ts';
import { parseMac } from '../../../src/protocol/mac-address.ts';
import type { BootEvent } from '../../../src/provision/history/boot-event.ts';
import type { ReplyDestination } from '../../../src/provision/dhcp/replies/dhcp-decision.ts';
import { DhcpEngine } from '../../../src/provision/dhcp/dhcp-engine.ts';
import type { Ingress } from '../../../src/provision/dhcp/dhcp-packet.ts';
import type { LeaseChange } from '../../../src/provision/dhcp/leases/lease.ts';
import { MachineIndex } from '../../../src/provision/machines/machine-index.ts';
import { defineSubnet } from '../../../src/provision/dhcp/subnets/subnet.ts';
import type { Machine } from '../../../src/provision/machines/machine.ts';
import { Counters } from '../../../src/limits/counters.ts';
import { AddressProbe } from '../../../src/server/dhcp/address-probe.ts';
import { DhcpServer } from '../../../src/server/dhcp/dhcp-server.ts';
import { LeaseWriter } from '../../../src/server/dhcp/lease-writer.ts';
import { StoreError } from '../../../src/store/store-error.ts';
import { FakeLeaseStore } from '../../fakes/fake-lease-store.ts';

const address = (text: string): Ipv4Address => parseIpv4(text)!;
const server = address('10.0.0.1');
const ingress: Ingress = { interface: 'eth1', localAddress: server, port: 67 };

/** The request of client 9 of these tests. */
const KNOWN: Machine = { id: 'node9', macs: [parseMac('02:00:00:00:00:09')!], labels: {}, metadata: {} };

interface Sent {
  message: DhcpMessage;
  destination: ReplyDestination;
}

let store: FakeLeaseStore;
let sent: Sent[];
let events: BootEvent[];
let told: string[];
let lines: Record<string, unknown>[];
let counters: Counters;
let engine: DhcpEngine;
let writer: LeaseWriter;
let clock: { wallMs: number; monotonicMs: number };
let arp: string;
let listenerFault: Error | undefined;

beforeEach(() => {
  store = new FakeLeaseStore();
  sent = [];
  events = [];
  told = [];
  lines = [];
  arp = 'IP address\n';
  listenerFault = undefined;
  counters = new Counters();
  clock = { wallMs: 1_790_000_000_000, monotonicMs: 1_000 };
  engine = new DhcpEngine({
    subnets: [
      defineSubnet({
        id: 'rack1',
        cidr: parseCidr('10.0.0.0/16')!,
        mode: 'full',
        pools: [{ first: address('10.0.1.1'), last: address('10.0.200.254') }],
      }),
    ],
    policy: { clientPacketsPerSecond: 1000 },
    reservations: new MachineIndex([KNOWN]),
    findBootPlan: () => ({}),
  });
  engine.setLocalAddresses([server]);
});

function makeServer(): DhcpServer {
  const log = pino(
    { level: 'debug' },
    { write: (line: string) => lines.push(JSON.parse(line) as Record<string, unknown>) },
  );
  const now = () => ({ ...clock });
  writer = new LeaseWriter(store, engine, now, counters, log, {
    leaseChanged: (event) => {
      told.push(`${event.kind} after ${sent.length} replies`);
      if (listenerFault !== undefined) throw listenerFault;
    },
  });
  return new DhcpServer({
    engine,
    writer,
    events: { record: (event) => events.push(event) > 0 },
    counters,
    log,
    now,
    send: (bytes, destination) => sent.push({ message: decodeMessage(bytes), destination }),
    probe: new AddressProbe({ solicit: () => undefined, read: () => Promise.resolve(arp) }),
  });
}

function request(
  client: number,
  type: number,
  extra: [number, Uint8Array][] = [],
  ciaddr = UNSPECIFIED_ADDRESS,
) {
  const relayed = ciaddr === UNSPECIFIED_ADDRESS;
  return encodeMessage({
    op: 1,
    htype: 1,
    hlen: 6,
    hops: 0,
    xid: client,
    secs: 0,
    flags: 0,
    ciaddr,
    yiaddr: UNSPECIFIED_ADDRESS,
    siaddr: UNSPECIFIED_ADDRESS,
    giaddr: relayed ? address('10.0.0.2') : UNSPECIFIED_ADDRESS,
    chaddr: Uint8Array.of(2, 0, 0, 0, client >> 8, client & 255),
    sname: '',
    file: '',
    options: new Map<number, Uint8Array>([[53, Uint8Array.of(type)], ...extra]),
  }).bytes;
}

const relay = { address: address('10.0.0.2'), port: 67 };
const ask = (client: number, wanted: Ipv4Address) =>
  request(client, MessageType.request, [
    [54, ipv4ToBytes(server)],
    [50, ipv4ToBytes(wanted)],
  ]);
const types = (): (number | undefined)[] => sent.map((one) => messageTypeOf(one.message));

function discover(dhcp: DhcpServer, client: number): Ipv4Address {
  dhcp.receive(request(client, MessageType.discover), relay, ingress);
  return sent.at(-1)!.message.yiaddr;
}

describe('an exchange', () => {
  test('an offer is sent at once, and an ACK once the lease is on disk', async () => {
    const dhcp = makeServer();
    const offered = discover(dhcp, 1);
    expect(types()).toEqual([MessageType.offer]);
    expect(sent[0]?.destination).toEqual({ address: '10.0.0.2', port: 67, from: ingress });

    const disk = store.holdCommits();
    dhcp.receive(ask(1, offered), relay, ingress);
    await disk.reached;
    expect(types()).toEqual([MessageType.offer]);
    disk.release();
    await writer.idle();
    expect(types()).toEqual([MessageType.offer, MessageType.ack]);
    expect(store.leases.get(offered)?.state).toBe('bound');
  });

  test('lease listeners are called after the reply was sent, and their errors do not affect it', async () => {
    const dhcp = makeServer();
    const offered = discover(dhcp, 1);
    expect(told).toEqual([]);
    listenerFault = new Error('a fault of the listener');
    dhcp.receive(ask(1, offered), relay, ingress);
    await writer.idle();
    expect(told).toEqual(['bound after 2 replies']);
    expect(types()).toEqual([MessageType.offer, MessageType.ack]);
    expect(counters.get('dhcp_faults')).toBe(1);
  });

  test('lease listeners are not called for changes that could not be stored', async () => {
    const dhcp = makeServer();
    const offered = discover(dhcp, 1);
    store.failure = new Error('disk full');
    dhcp.receive(ask(1, offered), relay, ingress);
    await writer.idle();
    expect(told).toEqual([]);
  });

  test('of a system without a record is not a step of a boot', async () => {
    const dhcp = makeServer();
    dhcp.receive(ask(1, discover(dhcp, 1)), relay, ingress);
    await writer.idle();
    expect(types()).toEqual([MessageType.offer, MessageType.ack]);
    expect(events).toEqual([]);
  });

  test('is one line at info, and its events carry the time', async () => {
    const dhcp = makeServer();
    dhcp.receive(ask(9, discover(dhcp, 9)), relay, ingress);
    await writer.idle();
    const info = lines.filter((line) => line['level'] === 30);
    expect(info).toHaveLength(1);
    expect(info[0]).toMatchObject({ mac: '02:00:00:00:00:09', type: 'DHCPACK', interface: 'eth1' });
    expect(events.map((event) => [event.kind, event.at])).toEqual([['dhcp.ack', new Date(clock.wallMs)]]);
  });

  test('requests of one turn of the event loop share a commit', async () => {
    const dhcp = makeServer();
    const offers = Array.from({ length: 100 }, (_, index) => discover(dhcp, index + 1));
    offers.forEach((offered, index) => dhcp.receive(ask(index + 1, offered), relay, ingress));
    await writer.idle();
    expect(store.commits).toHaveLength(1);
    expect(types().filter((type) => type === MessageType.ack)).toHaveLength(100);
  });

  test('packets that arrive during a commit go into the next one', async () => {
    const dhcp = makeServer();
    const [one, two] = [discover(dhcp, 1), discover(dhcp, 2)];
    const disk = store.holdCommits();
    dhcp.receive(ask(1, one), relay, ingress);
    await disk.reached;
    dhcp.receive(ask(2, two), relay, ingress);
    disk.release();
    await writer.idle();
    expect(store.commits.map((changes) => changes.map(addressOf))).toEqual([[one], [two]]);
  });
});

describe('an operator ends a lease', () => {
  test('which is durable before the operator gets the answer, and recorded', async () => {
    const dhcp = makeServer();
    const leased = discover(dhcp, 1);
    dhcp.receive(ask(1, leased), relay, ingress);
    await writer.idle();
    expect(await dhcp.endLease(leased)).toBe('ended');
    expect(store.leases.get(leased)?.state).not.toBe('bound');
    expect(events.at(-1)).toMatchObject({ kind: 'dhcp.release', address: leased });
    expect(await dhcp.endLease(leased)).toBe('no_lease');
  });

  test('which the store refuses: the operator gets the error', async () => {
    const dhcp = makeServer();
    const leased = discover(dhcp, 1);
    dhcp.receive(ask(1, leased), relay, ingress);
    await writer.idle();
    store.failure = new Error('disk full');
    expect(await dhcp.endLease(leased)).toBe('not_stored');
  });
});

test('a busy server collects leases for a few milliseconds, an idle one does not', async () => {
  const dhcp = makeServer();
  const offers = Array.from({ length: 8 }, (_, index) => discover(dhcp, index + 1));
  const request = (client: number): void => dhcp.receive(ask(client, offers[client - 1]!), relay, ingress);
  const nextTurn = () => new Promise((resolve) => setImmediate(resolve));
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  for (const client of [1, 2, 3, 4]) request(client);
  while (store.commits.length === 0) await nextTurn();
  // Each in its own turn of the event loop.
  for (const client of [5, 6]) {
    request(client);
    await nextTurn();
  }
  expect(store.commits).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(2);
  vi.useRealTimers();
  await writer.idle();
  expect(store.commits.map((changes) => changes.length)).toEqual([4, 2]);
  // Two are not enough to count as busy, so the next one is written at once.
  request(7);
  await nextTurn();
  await nextTurn();
  expect(store.commits).toHaveLength(3);
});

describe('a store that fails', () => {
  test('gives no client a lease, and continues when it works again', async () => {
    const dhcp = makeServer();
    const offered = discover(dhcp, 1);
    store.failure = new Error('database or disk is full');
    dhcp.receive(ask(1, offered), relay, ingress);
    await writer.idle();
    expect(types()).toEqual([MessageType.offer]);
    expect(counters.get('dhcp_ignored', 'store_failed')).toBe(1);
    expect(lines.filter((line) => line['level'] === 50)).toHaveLength(1);

    store.failure = undefined;
    dhcp.receive(ask(1, offered), relay, ingress);
    await writer.idle();
    expect(types()).toEqual([MessageType.offer, MessageType.ack]);
  });

  test('still renews leases that are stored', async () => {
    const dhcp = makeServer();
    const offered = discover(dhcp, 1);
    dhcp.receive(ask(1, offered), relay, ingress);
    await writer.idle();
    store.failure = new Error('database or disk is full');
    dhcp.receive(request(1, MessageType.request, [], offered), { address: offered, port: 68 }, ingress);
    await writer.idle();
    expect(types()).toEqual([MessageType.offer, MessageType.ack, MessageType.ack]);
  });

  describe('because another Railhead has taken it over', () => {
    const taken = new StoreError('taken', 'the database is used by another Railhead now');
    const renew = (
      client: number,
      leased: Ipv4Address,
    ): [Uint8Array, { address: Ipv4Address; port: number }] => [
      request(client, MessageType.request, [], leased),
      { address: leased, port: 68 },
    ];

    test('answers no client any more, not even renewals, and not when the store accepts writes again', async () => {
      const dhcp = makeServer();
      const leased = discover(dhcp, 1);
      dhcp.receive(ask(1, leased), relay, ingress);
      await writer.idle();
      const answered = sent.length;
      store.failure = taken;
      dhcp.receive(...renew(1, leased), ingress);
      await writer.idle();
      store.failure = undefined;
      dhcp.receive(...renew(1, leased), ingress);
      dhcp.receive(request(2, MessageType.discover), relay, ingress);
      await writer.idle();
      expect(sent).toHaveLength(answered);
      expect(store.commits).toHaveLength(1);
      expect(counters.get('dhcp_ignored', 'store_failed')).toBe(1);
      expect(counters.get('dhcp_ignored', 'store_busy')).toBe(2);
      // The store's own monitoring logs the line.
      expect(lines.filter((line) => Number(line['level']) >= 50)).toEqual([]);
    });

    test('drops all replies that waited for the same transaction', async () => {
      const dhcp = makeServer();
      const offers = [1, 2, 3].map((client) => discover(dhcp, client));
      const answered = sent.length;
      store.failure = taken;
      offers.forEach((offered, index) => dhcp.receive(ask(index + 1, offered), relay, ingress));
      await writer.idle();
      expect(sent).toHaveLength(answered);
      expect(counters.get('dhcp_ignored', 'store_failed')).toBe(3);
    });

    test('refuses an operator who ends a lease', async () => {
      const dhcp = makeServer();
      const leased = discover(dhcp, 1);
      dhcp.receive(ask(1, leased), relay, ingress);
      await writer.idle();
      store.failure = taken;
      expect(await dhcp.endLease(leased)).toBe('not_stored');
    });
  });

  test('that hangs does not let memory grow', async () => {
    const dhcp = makeServer();
    const offers = Array.from({ length: 12_000 }, (_, index) => discover(dhcp, index + 1));
    const disk = store.holdCommits();
    dhcp.receive(ask(1, offers[0]!), relay, ingress);
    await disk.reached;
    offers.forEach((offered, index) => dhcp.receive(ask(index + 1, offered), relay, ingress));
    expect(counters.get('dhcp_ignored', 'store_busy')).toBe(2_000);
    disk.release();
    await writer.idle();
    expect(writer.full).toBe(false);
  });
});

describe('invalid packets', () => {
  test('are counted by their fault, and logged once a minute for each sender', () => {
    const dhcp = makeServer();
    const good = request(1, MessageType.discover);
    for (let count = 0; count < 50; count++) dhcp.receive(good.subarray(0, 100), relay, ingress);
    dhcp.receive(Buffer.alloc(0), relay, ingress);
    dhcp.receive(Buffer.alloc(65_507), relay, ingress);
    expect(counters.get('dhcp_malformed', 'short')).toBe(51);
    expect(counters.get('dhcp_malformed', 'op')).toBe(1);
    expect(sent).toEqual([]);
    expect(lines.filter((line) => line['msg'] === 'malformed dhcp packet')).toHaveLength(1);
    clock.monotonicMs += 61_000;
    dhcp.receive(good.subarray(0, 100), relay, ingress);
    expect(lines.filter((line) => line['msg'] === 'malformed dhcp packet')).toHaveLength(2);
  });

  test('those from port 0 are dropped, since no answer can reach it', () => {
    const dhcp = makeServer();
    dhcp.receive(request(1, MessageType.discover), { ...relay, port: 0 }, ingress);
    expect(counters.get('dhcp_malformed', 'port')).toBe(1);
    expect(sent).toEqual([]);
  });

  test('ignored ones are counted by reason, and logged once a minute for each client', () => {
    const dhcp = makeServer();
    const foreign = { ...ingress, localAddress: address('192.168.7.1') };
    const packet = Buffer.from(request(1, MessageType.discover));
    packet.fill(0, 24, 28); // Without a relay the interface decides, and it belongs to no declared network.
    for (let count = 0; count < 20; count++) dhcp.receive(packet, relay, foreign);
    expect(counters.get('dhcp_ignored', 'no_subnet')).toBe(5);
    expect(counters.get('dhcp_ignored', 'rate_limited')).toBe(15);
    const named = lines.filter((line) => line['msg'] === 'dhcp request ignored');
    expect(named.map((line) => line['reason'])).toEqual(['no_subnet', 'rate_limited']);
  });

  test('from forged senders cannot fill the log, which gets their number', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const dhcp = makeServer();
      const short = request(1, MessageType.discover).subarray(0, 100);
      for (let host = 0; host < 20_000; host++) {
        dhcp.receive(short, { address: address(`10.9.${host >> 8}.${host & 255}`), port: 68 }, ingress);
      }
      expect(counters.get('dhcp_malformed', 'short')).toBe(20_000);
      expect(lines).toHaveLength(300);
      vi.advanceTimersByTime(60_000);
      expect(lines).toHaveLength(301);
      expect(lines.at(-1)).toMatchObject({ level: 40, more: 19_700 });
      // Other senders are still logged.
      dhcp.receive(request(1, MessageType.discover), relay, { ...ingress, port: 4011 });
      expect(lines.at(-1)).toMatchObject({ msg: 'dhcp request ignored' });
    } finally {
      vi.useRealTimers();
    }
  });

  test('replies to one client cause a few log lines a minute', async () => {
    const dhcp = makeServer();
    const elsewhere = ask(1, address('10.8.0.1'));
    for (let count = 0; count < 500; count++) {
      clock.monotonicMs += 10;
      dhcp.receive(elsewhere, relay, ingress);
    }
    await writer.idle();
    expect(types().length).toBe(500);
    expect(lines.length).toBe(10);
  });

  test('a bug of ours affects only one packet', () => {
    const dhcp = makeServer();
    const handle = vi.spyOn(engine, 'handle').mockImplementationOnce(() => {
      throw new TypeError('a bug');
    });
    dhcp.receive(request(1, MessageType.discover), relay, ingress);
    handle.mockRestore();
    expect(counters.get('dhcp_faults')).toBe(1);
    expect(lines.at(-1)).toMatchObject({ level: 50, msg: 'dhcp packet could not be handled' });
    discover(dhcp, 1);
    expect(types()).toEqual([MessageType.offer]);
  });
});

describe('an address that another host uses', () => {
  const local = (client: number): Uint8Array => {
    const packet = Buffer.from(request(client, MessageType.discover));
    packet.fill(0, 24, 28);
    return packet;
  };
  const source = { address: UNSPECIFIED_ADDRESS, port: 68 };
  const row = (who: Ipv4Address, mac: string, flags = '0x2') => `${who} 0x1 ${flags} ${mac} * eth1\n`;

  test('is not offered, and withheld from all clients', async () => {
    const dhcp = makeServer();
    arp += row(address('10.0.1.1'), '52:54:00:99:99:99');
    dhcp.receive(local(1), source, ingress);
    await vi.waitFor(() => expect(sent).toHaveLength(1));
    expect(sent[0]?.message.yiaddr).toBe('10.0.1.2');
    expect(store.leases.get(address('10.0.1.1'))?.state).toBe('declined');
    expect(counters.get('dhcp_conflicts')).toBe(1);
  });

  test('is not offered either to a client that repeats its DHCPDISCOVER meanwhile', async () => {
    const dhcp = makeServer();
    arp += row(address('10.0.1.1'), '52:54:00:99:99:99');
    dhcp.receive(local(1), source, ingress);
    dhcp.receive(local(1), source, ingress);
    expect(sent).toEqual([]);
    await vi.waitFor(() => expect(sent).toHaveLength(2));
    expect(sent.map(({ message }) => message.yiaddr)).toEqual(['10.0.1.2', '10.0.1.2']);
  });

  test('a bug of ours after that affects only one packet', async () => {
    const dhcp = makeServer();
    arp += row(address('10.0.1.1'), '52:54:00:99:99:99');
    dhcp.receive(local(1), source, ingress);
    const markInUse = vi.spyOn(engine, 'markInUse').mockImplementationOnce(() => {
      throw new TypeError('a bug');
    });
    await vi.waitFor(() => expect(counters.get('dhcp_faults')).toBe(1));
    markInUse.mockRestore();
    expect(lines.at(-1)).toMatchObject({ level: 50, msg: 'dhcp packet could not be handled' });
  });

  test.each([
    ['used by the client itself is offered', '02:00:00:00:00:01', '0x2'],
    ['used by no host is offered', '00:00:00:00:00:00', '0x0'],
  ])('%s', async (_, mac, flags) => {
    const dhcp = makeServer();
    arp += row(address('10.0.1.1'), mac, flags);
    dhcp.receive(local(1), source, ingress);
    await vi.waitFor(() => expect(sent).toHaveLength(1));
    expect(sent[0]?.message.yiaddr).toBe('10.0.1.1');
  });
});

function addressOf(change: LeaseChange): Ipv4Address {
  return change.kind === 'put' ? change.lease.address : change.address;
}
