import { describe, expect, test } from 'vitest';
import { encodeMessage } from '../../../../src/protocol/dhcp/encode.ts';
import {
  clientMac,
  DhcpRig,
  hex,
  ip,
  machine,
  onWire,
  outcome,
  rackSubnet,
  replyOf,
  type RigOptions,
} from '../dhcp-rig.ts';

// BOOTP: RFC 951, which is older than options, and RFC 1497, with options in a vendor area of 64 bytes.

const ME = clientMac(1);
const RESERVED = machine({ id: 'old', macs: [ME], address: ip('10.20.0.10') });

/** A BOOTREQUEST of 300 bytes; its vendor area is empty, with the cookie or without. */
function bootRequest(cookie: string, mac: string = ME): Uint8Array {
  const chaddr = mac.replaceAll(':', '');
  const header = `01010600 1a2b3c4d 0000 8000 ${'00'.repeat(16)} ${chaddr}`
    .replaceAll(' ', '')
    .padEnd(472, '0');
  return Uint8Array.from(Buffer.from((header + cookie).padEnd(600, '0'), 'hex'));
}

const WITH_COOKIE = bootRequest('63825363');
const WITHOUT_COOKIE = bootRequest('');

const rig = (options: RigOptions = {}): DhcpRig =>
  new DhcpRig({ policy: { bootp: 'reserved' }, machines: [RESERVED], ...options });

describe('a client without a cookie', () => {
  test('is answered in the header, and its vendor area stays empty', () => {
    const { message, limits } = replyOf(rig().sendBytes(WITHOUT_COOKIE));
    expect(message).toMatchObject({ op: 2, yiaddr: '10.20.0.10', siaddr: '10.20.0.1', file: 'snponly.efi' });
    const { bytes } = encodeMessage(message, limits);
    expect(bytes.length).toBe(300);
    expect(Buffer.from(bytes.subarray(236)).toString('hex')).toBe('00'.repeat(64));
  });

  test('is not answered while BOOTP is off', () => {
    expect(outcome(rig({ policy: {} }).sendBytes(WITHOUT_COOKIE))).toBe('bootp');
  });
});

describe('a client with a cookie', () => {
  test('gets 300 bytes: mask, router, and other options that fit', () => {
    const subnet = rackSubnet({
      options: [
        {
          code: 119,
          value: { type: 'domain-search', value: ['a.example', 'b.example'] },
        },
        { code: 121, value: { type: 'hex', value: '18'.repeat(160) } },
        { code: 26, value: { type: 'uint16', value: 9000 } },
      ],
    });
    const { message, limits } = replyOf(rig({ subnets: [subnet] }).sendBytes(WITH_COOKIE));
    const { bytes, dropped } = encodeMessage(message, limits);
    expect(bytes.length).toBe(300);
    expect(dropped).toEqual([121]);
    const onTheWire = onWire(rig({ subnets: [subnet] }).sendBytes(WITH_COOKIE));
    expect([...onTheWire.options.keys()]).toEqual([1, 3, 6, 119, 26]);
  });

  test('gets no options that contradict the header', () => {
    const subnet = rackSubnet({
      options: [
        { code: 67, value: { type: 'text', value: 'http://10.20.0.1/ztp.sh' } },
        { code: 66, value: { type: 'text', value: '10.20.0.9' } },
        { code: 43, value: { type: 'hex', value: '0102' } },
      ],
    });
    const { file, options } = onWire(rig({ subnets: [subnet] }).sendBytes(WITH_COOKIE));
    expect(file).toBe('snponly.efi');
    expect([...options.keys()]).toEqual([1, 3, 6]);
  });

  test('gets no options that only DHCP has: no type, no lease time, no server identifier', () => {
    const { options } = onWire(rig().sendBytes(WITH_COOKIE));
    expect([...options.keys()].filter((code) => [51, 52, 53, 54, 58, 59].includes(code))).toEqual([]);
  });
});

describe('which address it gets', () => {
  test('without a reservation it gets none', () => {
    expect(outcome(rig().sendBytes(bootRequest('63825363', clientMac(2))))).toBe('bootp');
  });

  test('dynamic: one of the pool, without end, and the same again', () => {
    const dynamic = rig({ policy: { bootp: 'dynamic' } });
    const stranger = bootRequest('63825363', clientMac(2));
    expect(outcome(dynamic.sendBytes(stranger))).toBe('BOOTP 10.20.0.50');
    dynamic.pass(10 * 365 * 86_400);
    expect(outcome(dynamic.sendBytes(stranger))).toBe('BOOTP 10.20.0.50');
    expect(dynamic.stored.get('10.20.0.50')?.expiresAt).toBe(Number.MAX_SAFE_INTEGER);
  });

  test('dynamic: the reserved address if there is one', () => {
    expect(outcome(rig({ policy: { bootp: 'dynamic' } }).sendBytes(WITH_COOKIE))).toBe('BOOTP 10.20.0.10');
  });

  test('dynamic: none if the pool is empty', () => {
    const none = rig({ policy: { bootp: 'dynamic' }, subnets: [rackSubnet({ pools: [] })] });
    expect(outcome(none.sendBytes(bootRequest('', clientMac(2))))).toBe('pool_exhausted');
  });

  test('before the records are read, the address of its lease', () => {
    const before = rig();
    before.sendBytes(WITH_COOKIE);
    const after = rig({ leases: [...before.stored.values()], recordsReady: false });
    expect(outcome(after.sendBytes(WITH_COOKIE))).toBe('BOOTP 10.20.0.10');
    expect(outcome(after.sendBytes(bootRequest('', clientMac(2))))).toBe('bootp');
  });
});

describe('InfiniBand is identified by its client identifier', () => {
  const infiniband = (hlen: number, chaddr: string, clientId: string): Uint8Array => {
    const header = `0120${hlen.toString(16).padStart(2, '0')}00 1a2b3c4d 0000 8000 ${'00'.repeat(16)} ${chaddr}`;
    const options = `63825363 350101 3d${(clientId.length / 2).toString(16).padStart(2, '0')}${clientId} ff`;
    const text = header.replaceAll(' ', '').padEnd(472, '0') + options.replaceAll(' ', '');
    return Uint8Array.from(Buffer.from(text.padEnd(600, '0'), 'hex'));
  };
  const GUID = 'e0071bffff79d084';

  test.each<[hlen: number, chaddr: string]>([
    [0, ''],
    [8, GUID],
    [8, '00'.repeat(8)],
    [6, 'e0071b79d084'],
    [16, `${GUID}${GUID}`],
  ])('hlen %d with %j: is offered the address of its record, and the header is echoed', (hlen, chaddr) => {
    const record = machine({ id: 'ib', macs: [], clientIds: [`20${GUID}`], address: ip('10.20.0.27') });
    const { message } = replyOf(
      new DhcpRig({ machines: [record] }).sendBytes(infiniband(hlen, chaddr, `20${GUID}`)),
    );
    expect(message).toMatchObject({ yiaddr: '10.20.0.27', htype: 32, hlen });
    expect(Buffer.from(message.chaddr).toString('hex')).toBe(chaddr);
  });

  test('two client identifiers with one hardware address are two clients', () => {
    const rack = new DhcpRig();
    const offers = ['ff01', 'ff02', 'ff01'].map((id) => outcome(rack.sendBytes(infiniband(8, GUID, id))));
    expect(offers).toEqual(['DHCPOFFER 10.20.0.50', 'DHCPOFFER 10.20.0.51', 'DHCPOFFER 10.20.0.50']);
  });

  test('one client identifier is one client, regardless of its hardware address', () => {
    const rack = new DhcpRig();
    const offers = [infiniband(0, '', 'ff01'), infiniband(8, GUID, 'ff01')].map((bytes) =>
      outcome(rack.sendBytes(bytes)),
    );
    expect(offers).toEqual(['DHCPOFFER 10.20.0.50', 'DHCPOFFER 10.20.0.50']);
  });

  test('BIOS firmware on InfiniBand gets boot options', () => {
    const options = { 60: hex('PXEClient:Arch:00000:UNDI:002001'), 93: '0000', 61: 'ff01' };
    expect(onWire(new DhcpRig().send({ type: 1, htype: 32, options })).file).toBe('snponly.efi');
  });
});
