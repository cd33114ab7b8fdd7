import { describe, expect, test } from 'vitest';
import { parseDnsName } from '../../../../src/protocol/dns/dns-name.ts';
import type { NamePolicy } from '../../../../src/provision/dns/lease-name.ts';
import { leaseEventsOf } from '../../../../src/provision/dhcp/replies/lease-events.ts';
import { clientMac, DhcpRig, hex, machine, onWire, rackSubnet, replyOf, SERVER } from '../dhcp-rig.ts';

const names: NamePolicy = {
  zones: [parseDnsName('lab.example.com')!, parseDnsName('20.10.in-addr.arpa')!],
  clientNames: true,
  overrideClient: false,
};
const NODE = machine({ id: 'node-9', macs: [clientMac(9)], hostname: 'web9' });
const ENCODED = 'lab.example.com'
  .split('.')
  .map((label) => String.fromCharCode(label.length) + label)
  .join('');

function makeRig(policy: NamePolicy | 'off' = names): DhcpRig {
  return new DhcpRig({
    subnets: [rackSubnet({ domain: 'lab.example.com' })],
    machines: [NODE],
    ...(policy !== 'off' && { policy: { names: policy } }),
  });
}

function exchange(rig: DhcpRig, client: number, options: Record<number, string>) {
  const mac = clientMac(client);
  const offer = rig.send({ type: 1, mac, options });
  const requested = replyOf(offer).message.yiaddr;
  return { offer, ack: rig.send({ type: 3, mac, requested, server: SERVER, options }) };
}

describe('option 81', () => {
  const sent = { 81: `050000${hex('\x04web1')}`, 55: '0103' };
  const answered = Buffer.from(`05ffff${hex(`\x04web1${ENCODED}\0`)}`, 'hex');

  test('is answered in DHCPOFFER and DHCPACK, whether or not the client lists it', () => {
    const { ack, offer } = exchange(makeRig(), 1, sent);
    expect(Buffer.from(onWire(offer).options.get(81)!)).toEqual(answered);
    expect(Buffer.from(onWire(ack).options.get(81)!)).toEqual(answered);
  });

  test('is not sent to a client that did not send it', () => {
    const { ack } = exchange(makeRig(), 1, { 12: hex('web1'), 55: '010351' });
    expect(onWire(ack).options.has(81)).toBe(false);
  });

  test('is not answered where DNS is not updated', () => {
    const { ack } = exchange(makeRig('off'), 1, sent);
    expect(onWire(ack).options.has(81)).toBe(false);
  });

  test("contains the name of the machine's record", () => {
    const { ack } = exchange(makeRig(), 9, sent);
    expect(Buffer.from(onWire(ack).options.get(81)!).toString('latin1')).toContain(`web9${ENCODED}`);
  });

  test('is ignored if it is malformed', () => {
    const { ack } = exchange(makeRig(), 1, { 81: '05', 12: hex('web1') });
    expect(onWire(ack).options.has(81)).toBe(false);
    expect(replyOf(ack).leaseName?.name).toBe('web1.lab.example.com');
  });
});

describe('lease events', () => {
  test('a new lease with its name and machine, then its renewal, then its release', () => {
    const rig = makeRig();
    const { ack } = exchange(rig, 9, {});
    const address = replyOf(ack).message.yiaddr;
    const name = { name: 'web9.lab.example.com', forward: true, reverse: true, ttlSeconds: 1200 };
    expect(leaseEventsOf(ack)).toMatchObject([
      { kind: 'bound', name, machineId: 'node-9', lease: { address, chaddr: clientMac(9) } },
    ]);
    const renewed = rig.send({ type: 3, mac: clientMac(9), ciaddr: address });
    expect(leaseEventsOf(renewed)).toMatchObject([{ kind: 'renewed', name, lease: { address } }]);
    const released = rig.send({ type: 7, mac: clientMac(9), ciaddr: address, server: SERVER });
    expect(leaseEventsOf(released)).toMatchObject([{ kind: 'released', lease: { address } }]);
  });

  test('an offer causes no event', () => {
    expect(leaseEventsOf(exchange(makeRig(), 1, {}).offer)).toEqual([]);
  });

  test('an address that is declined', () => {
    const rig = makeRig();
    const address = rig.lease(clientMac(1));
    const declined = rig.send({ type: 4, mac: clientMac(1), requested: address, server: SERVER });
    expect(leaseEventsOf(declined)).toMatchObject([{ kind: 'declined', lease: { address } }]);
  });

  test('a client cannot take the name of a machine that is switched off', () => {
    const { ack } = exchange(makeRig(), 1, { 12: hex('WEB9') });
    expect(replyOf(ack).leaseName).toBeUndefined();
  });

  test('before machine records are read no client chooses its name', () => {
    const rig = new DhcpRig({
      subnets: [rackSubnet({ domain: 'lab.example.com' })],
      policy: { names },
      recordsReady: false,
    });
    expect(replyOf(exchange(rig, 1, { 12: hex('web1') }).ack).leaseName).toBeUndefined();
  });
});

test('the expiry of a lease causes one event, without any packet', () => {
  const expired: string[] = [];
  const rig = new DhcpRig({ leaseExpired: ({ address }) => expired.push(address) });
  const address = rig.lease(clientMac(1));
  rig.pass(3599);
  rig.engine.advance(rig.now);
  expect(expired).toEqual([]);
  rig.pass(2);
  rig.engine.advance(rig.now);
  rig.engine.advance(rig.now);
  expect(expired).toEqual([address]);
});
