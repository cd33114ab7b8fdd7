import { describe, expect, test } from 'vitest';
import { parseDnsName } from '../../../src/protocol/dns/dns-name.ts';
import {
  chooseLeaseName,
  fqdnAnswer,
  type NameClaims,
  type NamePolicy,
  sanitiseHostLabel,
} from '../../../src/provision/dns/lease-name.ts';
import { ip } from '../dhcp/dhcp-rig.ts';

const zone = (text: string) => parseDnsName(text)!;
const POLICY: NamePolicy = {
  zones: [zone('rack1.example.com'), zone('1.0.10.in-addr.arpa')],
  clientNames: true,
  overrideClient: false,
};
const CLAIMS: NameClaims = { address: ip('10.0.1.20'), domain: 'rack1.example.com', leaseSeconds: 3600 };
const fqdn = (name: string, wish: 'server' | 'client' | 'nobody' = 'server') => ({
  name,
  nameBytes: Buffer.from(name),
  wireFormat: false,
  serverUpdates: wish === 'server',
  noUpdates: wish === 'nobody',
});
const choose = (claims: Partial<NameClaims>, policy: Partial<NamePolicy> = {}, declared: string[] = []) =>
  chooseLeaseName({ ...CLAIMS, ...claims }, { ...POLICY, ...policy }, (name) => declared.includes(name));

describe('the name of a lease', () => {
  test.each<[string, Partial<NameClaims>, string | undefined]>([
    [
      "the record's, regardless of the client's",
      { recordName: 'web1', hostName: 'pc' },
      'web1.rack1.example.com',
    ],
    ["the record's with its own domain", { recordName: 'Web1.Rack1.example.com' }, 'web1.rack1.example.com'],
    [
      'the name in option 81, and not in option 12',
      { fqdn: fqdn('a.corp.lan'), hostName: 'b' },
      'a.rack1.example.com',
    ],
    ['option 12 if option 81 has no name', { fqdn: fqdn(''), hostName: 'b' }, 'b.rack1.example.com'],
    ['only option 12', { hostName: 'Build-7' }, 'build-7.rack1.example.com'],
    [
      "letters, digits and dashes of the client's name",
      { hostName: "Jo's PC_2" },
      'jo-s-pc-2.rack1.example.com',
    ],
    ['none if the client sends none', {}, undefined],
    ['none without a domain', { hostName: 'a', domain: undefined as never }, undefined],
    ['none if it contains no valid character', { hostName: '...' }, undefined],
    ['none with a special meaning', { hostName: 'wpad' }, undefined],
    ['none with a special meaning, in option 81', { fqdn: fqdn('ISATAP.example.com') }, undefined],
  ])('%s', (_, claims, name) => {
    expect(choose(claims)?.name).toBe(name);
  });

  test('none that a record declares for another machine, with or without its domain', () => {
    expect(choose({ hostName: 'db1' }, {}, ['db1'])).toBeUndefined();
    expect(choose({ hostName: 'db1' }, {}, ['db1.rack1.example.com'])).toBeUndefined();
    expect(choose({ hostName: 'db2' }, {}, ['db1'])).toBeDefined();
  });

  test('generated from the address if the settings require it and there is no other', () => {
    const policy = { generatedPrefix: 'host' };
    expect(choose({}, policy)?.name).toBe('host-10-0-1-20.rack1.example.com');
    expect(choose({ hostName: 'wpad' }, policy)?.name).toBe('host-10-0-1-20.rack1.example.com');
    expect(choose({ hostName: 'a' }, policy)?.name).toBe('a.rack1.example.com');
    expect(choose({ hostName: 'a' }, { ...policy, clientNames: false })?.name).toBe(
      'host-10-0-1-20.rack1.example.com',
    );
  });

  test('a record whose host name cannot be completed gets no other name', () => {
    expect(choose({ recordName: 'web1', domain: undefined as never, hostName: 'a' })).toBeUndefined();
  });
});

describe('which records are wanted', () => {
  test.each([
    ['both', '10.0.1.20', 'rack1.example.com', true, true],
    ['only forward: the address is in no reverse zone', '10.9.9.9', 'rack1.example.com', true, false],
    ['only reverse: the domain is in no zone', '10.0.1.20', 'rack2.example.com', false, true],
  ])('%s', (_, address, domain, forward, reverse) => {
    expect(choose({ hostName: 'a', address: ip(address), domain })).toMatchObject({ forward, reverse });
  });

  test('none if neither is in a zone', () => {
    expect(choose({ hostName: 'a', address: ip('10.9.9.9'), domain: 'rack2.example.com' })).toBeUndefined();
  });

  test.each<[string, 'server' | 'client' | 'nobody', boolean, object | undefined]>([
    ['the client asks the server to update', 'server', false, { forward: true, reverse: true }],
    ['the client updates the A record itself', 'client', false, { forward: false, reverse: true }],
    [
      'the client wants to update itself, and is overridden',
      'client',
      true,
      { forward: true, reverse: true },
    ],
    ['the client asks for no updates', 'nobody', false, undefined],
    ['the client asks for no updates, and is overridden', 'nobody', true, { forward: true, reverse: true }],
  ])('%s', (_, wish, overrideClient, expected) => {
    const chosen = choose({ fqdn: fqdn('a', wish) }, { overrideClient });
    if (expected === undefined) expect(chosen).toBeUndefined();
    else expect(chosen).toMatchObject(expected);
  });

  test("the name of a record is updated regardless of the client's request", () => {
    expect(choose({ recordName: 'web1', fqdn: fqdn('a', 'nobody') })).toMatchObject({
      name: 'web1.rack1.example.com',
      forward: true,
    });
  });
});

test.each([
  [3600, undefined, 1200],
  [600, undefined, 600],
  [Infinity, undefined, 86_400],
  [3600, 60, 60],
])('a lease of %s s has a TTL of (setting: %s) %d s', (leaseSeconds, ttlSeconds, expected) => {
  const policy = ttlSeconds === undefined ? {} : { ttlSeconds };
  expect(choose({ hostName: 'a', leaseSeconds }, policy)?.ttlSeconds).toBe(expected);
});

test('the answer in option 81', () => {
  expect(fqdnAnswer(choose({ hostName: 'a' }))).toEqual({
    serverUpdates: true,
    noUpdates: false,
    name: 'a.rack1.example.com',
  });
  expect(fqdnAnswer(undefined)).toEqual({ serverUpdates: false, noUpdates: true });
});

test.each([
  ['a'.repeat(80), 'a'.repeat(63)],
  [`${'a'.repeat(62)}-b`, 'a'.repeat(62)],
  ['--a--', 'a'],
  ['grün', 'gr-n'],
  ['', undefined],
])('%s becomes %s', (text, label) => {
  expect(sanitiseHostLabel(text)).toBe(label);
});
