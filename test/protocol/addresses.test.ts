import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ipv4FromBytes,
  ipv4FromNumber,
  ipv4ToBytes,
  ipv4ToNumber,
  parseIpv4,
} from '../../src/protocol/ipv4-address.ts';
import { cidrContains, cidrNetmask, parseCidr } from '../../src/protocol/ipv4-cidr.ts';
import { isStationMac, macFromBytes, macToBytes, parseMac } from '../../src/protocol/mac-address.ts';
import {
  isIdentifyingUuid,
  parseUuid,
  swapUuidByteOrder,
  uuidFromWire,
} from '../../src/protocol/machine-uuid.ts';

describe('MAC address', () => {
  test.each([
    ['52:54:00:a1:9c:ae', '52:54:00:a1:9c:ae'],
    ['52-54-00-A1-9C-AE', '52:54:00:a1:9c:ae'],
    ['5254.00a1.9cae', '52:54:00:a1:9c:ae'],
    ['525400A19CAE', '52:54:00:a1:9c:ae'],
    ['52:54:00:a1:9c', undefined],
    ['52:54-00:a1:9c:ae', undefined],
    ['52:54:00:a1:9c:ag', undefined],
    ['not-a-mac', undefined],
    ['', undefined],
    [' 52:54:00:a1:9c:ae', undefined],
  ])('reads %j as %j', (text, expected) => {
    expect(parseMac(text)).toBe(expected);
  });

  test('only a unicast address is a station', () => {
    expect(isStationMac(parseMac('52:54:00:a1:9c:ae')!)).toBe(true);
    expect(isStationMac(parseMac('00:00:00:00:00:00')!)).toBe(false);
    expect(isStationMac(parseMac('ff:ff:ff:ff:ff:ff')!)).toBe(false);
    expect(isStationMac(parseMac('01:00:5e:00:00:01')!)).toBe(false);
  });

  test('bytes are the same after conversion to text and back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 6, maxLength: 6 }), (bytes) => {
        expect(macToBytes(macFromBytes(bytes))).toEqual(bytes);
      }),
    );
  });
});

describe('IPv4 address', () => {
  test.each([
    ['10.0.1.20', true],
    ['255.255.255.255', true],
    ['010.0.1.20', false],
    ['10.0.1', false],
    ['10.0.1.256', false],
    ['10.0.1.20 ', false],
    ['0x0a.0.0.1', false],
  ])('%j is an address: %j', (text, expected) => {
    expect(parseIpv4(text) !== undefined).toBe(expected);
  });

  test('numbers and bytes agree', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), (value) => {
        const address = ipv4FromNumber(value);
        expect(parseIpv4(address)).toBe(address);
        expect(ipv4ToNumber(address)).toBe(value);
        expect(ipv4FromBytes(ipv4ToBytes(address))).toBe(address);
      }),
    );
  });

  test.each(['10.0.1.0/33', '10.0.1.5/24', '10.0.1/24', '10.0.1.0', '10.0.1.0/-1', '10.0.1.0/024'])(
    '%j is not a network',
    (text) => {
      expect(parseCidr(text)).toBeUndefined();
    },
  );

  test.each([
    ['10.0.1.0/24', '255.255.255.0', '10.0.1.255'],
    ['0.0.0.0/0', '0.0.0.0', '255.255.255.255'],
    ['192.0.2.7/32', '255.255.255.255', '192.0.2.7'],
  ])('%j has mask %j and ends at %j', (text, mask, last) => {
    const cidr = parseCidr(text)!;
    expect(cidrNetmask(cidr)).toBe(mask);
    expect(ipv4FromNumber(cidr.last)).toBe(last);
    expect(cidrContains(cidr, ipv4FromNumber(cidr.last))).toBe(true);
  });
});

describe('machine UUID', () => {
  // A captured pair: option 97 of OVMF and the SMBIOS string of the same machine (appendix A of the PXE reference).
  const wire = Uint8Array.from(Buffer.from('443322116655887799aabbccddeeff00', 'hex'));

  test('the first three fields are little-endian on the wire', () => {
    expect(uuidFromWire(wire)).toBe('11223344-5566-7788-99aa-bbccddeeff00');
    expect(swapUuidByteOrder(uuidFromWire(wire))).toBe('44332211-6655-8877-99aa-bbccddeeff00');
  });

  test.each([
    ['16E7D8A7-BFA9-428B-9117-363341BB330B', true],
    ['00000000-0000-0000-0000-000000000000', false],
    ['FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF', false],
    ['03000200-0400-0500-0006-000700080009', false],
  ])('%j identifies a machine: %j', (text, expected) => {
    expect(isIdentifyingUuid(parseUuid(text)!)).toBe(expected);
  });
});
