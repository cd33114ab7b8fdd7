import { beforeEach, describe, expect, test } from 'vitest';
import { RecordType, ResponseCode } from '../../../src/protocol/dns/dns-message.ts';
import { encodeDnsName, parseDnsName } from '../../../src/protocol/dns/dns-name.ts';
import { parseIpv4 } from '../../../src/protocol/ipv4-address.ts';
import {
  addForward,
  addReverse,
  type NamedAddress,
  removeForward,
  removeReverse,
  type UpdateStep,
} from '../../../src/provision/dns/update-steps.ts';
import { FakeDnsZone } from '../../fakes/fake-dns-zone.ts';

const forward = parseDnsName('rack1.example.com')!;
const reverse = parseDnsName('1.0.10.in-addr.arpa')!;
const name = parseDnsName('web1.rack1.example.com')!;
const owner = parseDnsName('20.1.0.10.in-addr.arpa')!;
const OUR_ID = Uint8Array.of(0, 0, 1, 0xaa);
const ITS_ID = Uint8Array.of(0, 0, 1, 0xbb);
const web1: NamedAddress = { name, address: parseIpv4('10.0.1.20')!, dhcid: OUR_ID };
const moved: NamedAddress = { ...web1, address: parseIpv4('10.0.1.21')! };
const TTL = 1200;

let zone: FakeDnsZone;

beforeEach(() => {
  zone = new FakeDnsZone(forward);
});

function run(step: UpdateStep): Exclude<UpdateStep, { kind: 'send' }> {
  let current = step;
  while (current.kind === 'send') current = current.next(zone.update(current.update));
  return current;
}

describe('giving a name to a client', () => {
  test('that is free: address and DHCID, in one message', () => {
    expect(run(addForward(forward, web1, TTL))).toEqual({ kind: 'done' });
    expect(zone.list()).toEqual([`${name} A 0a000114`, `${name} DHCID 000001aa`]);
    expect(zone.ttlOf(name, RecordType.a)).toBe(TTL);
    expect(zone.received).toHaveLength(1);
  });

  test('that the client has already: its address is replaced', () => {
    run(addForward(forward, web1, TTL));
    expect(run(addForward(forward, moved, TTL))).toEqual({ kind: 'done' });
    expect(zone.list()).toEqual([`${name} A 0a000115`, `${name} DHCID 000001aa`]);
  });

  test('that the client has already: other records of the name are kept', () => {
    run(addForward(forward, web1, TTL));
    zone.add(name, RecordType.aaaa, new Uint8Array(16));
    run(addForward(forward, moved, TTL));
    expect(zone.list().filter((line) => line.includes('AAAA'))).toHaveLength(1);
  });

  test('that another client has: a conflict, and nothing changes', () => {
    run(addForward(forward, { ...web1, dhcid: ITS_ID }, TTL));
    const before = zone.list();
    expect(run(addForward(forward, moved, TTL))).toEqual({ kind: 'conflict' });
    expect(zone.list()).toEqual(before);
  });

  test.each([
    ['an address', RecordType.a],
    ['a TXT record', 16],
  ])('under which an administrator keeps %s without a DHCID: a conflict', (_, type) => {
    zone.add(name, type, Uint8Array.of(192, 0, 2, 1));
    const before = zone.list();
    expect(run(addForward(forward, web1, TTL))).toEqual({ kind: 'conflict' });
    expect(zone.list()).toEqual(before);
  });

  test('that disappears between the two messages: tried again, a limited number of times', () => {
    let step = addForward(forward, web1, TTL);
    let messages = 0;
    while (step.kind === 'send') {
      step = step.next(messages++ % 2 === 0 ? ResponseCode.yxDomain : ResponseCode.nxDomain);
    }
    expect(step).toEqual({ kind: 'conflict' });
    expect(messages).toBe(6);
  });

  test.each([
    ['at once', []],
    ['at the second message', [ResponseCode.yxDomain]],
  ])('that the server refuses %s: failed with its code', (_, before) => {
    let step = addForward(forward, web1, TTL);
    for (const rcode of [...before, ResponseCode.refused]) if (step.kind === 'send') step = step.next(rcode);
    expect(step).toEqual({ kind: 'failed', rcode: ResponseCode.refused });
  });
});

describe('taking a name from a client', () => {
  test('whose only address it was: all records are removed', () => {
    run(addForward(forward, web1, TTL));
    expect(run(removeForward(forward, web1))).toEqual({ kind: 'done' });
    expect(zone.list()).toEqual([]);
  });

  test('that has moved to another address: that one is kept', () => {
    run(addForward(forward, moved, TTL));
    expect(run(removeForward(forward, web1))).toEqual({ kind: 'done' });
    expect(zone.list()).toEqual([`${name} A 0a000115`, `${name} DHCID 000001aa`]);
  });

  test('that also has an IPv6 address: that one and the DHCID are kept', () => {
    run(addForward(forward, web1, TTL));
    zone.add(name, RecordType.aaaa, new Uint8Array(16));
    run(removeForward(forward, web1));
    expect(zone.list()).toEqual([`${name} AAAA ${'00'.repeat(16)}`, `${name} DHCID 000001aa`]);
  });

  test.each([
    ['another client', ITS_ID],
    ['an administrator', undefined],
  ])('that %s has: nothing changes', (_, dhcid) => {
    zone.add(name, RecordType.a, Uint8Array.of(10, 0, 1, 20));
    if (dhcid !== undefined) zone.add(name, RecordType.dhcid, dhcid);
    const before = zone.list();
    expect(run(removeForward(forward, web1))).toEqual({ kind: 'done' });
    expect(zone.list()).toEqual(before);
  });

  test('that is already removed: done', () => {
    expect(run(removeForward(forward, web1))).toEqual({ kind: 'done' });
  });
});

describe('the reverse name of an address', () => {
  beforeEach(() => {
    zone = new FakeDnsZone(reverse);
  });
  const leadsTo = (target: string): string =>
    `${owner} PTR ${Buffer.from(encodeDnsName(parseDnsName(target)!)).toString('hex')}`;

  test('points only to the new name', () => {
    zone.add(owner, RecordType.ptr, encodeDnsName(parseDnsName('old.example.com')!));
    expect(run(addReverse(reverse, web1, TTL))).toEqual({ kind: 'done' });
    expect(zone.list()).toEqual([leadsTo(name)]);
  });

  test('is removed if it points to the name, with its records of other types', () => {
    run(addReverse(reverse, web1, TTL));
    expect(run(removeReverse(reverse, web1))).toEqual({ kind: 'done' });
    expect(zone.list()).toEqual([]);
  });

  test('is kept if it points elsewhere', () => {
    zone.add(owner, RecordType.ptr, encodeDnsName(parseDnsName('printer.example.com')!));
    expect(run(removeReverse(reverse, web1))).toEqual({ kind: 'done' });
    expect(zone.list()).toEqual([leadsTo('printer.example.com')]);
  });

  test('whose zone the server does not have: failed', () => {
    zone = new FakeDnsZone(forward);
    expect(run(addReverse(reverse, web1, TTL))).toEqual({ kind: 'failed', rcode: ResponseCode.notAuth });
    expect(run(removeReverse(reverse, web1))).toEqual({ kind: 'failed', rcode: ResponseCode.notAuth });
  });
});
