import { describe, expect, test } from 'vitest';
import type { Ipv4Address } from '../../../src/protocol/ipv4-address.ts';
import { parseCidr } from '../../../src/protocol/ipv4-cidr.ts';
import { RequestLimits } from '../../../src/server/tftp/request-limits.ts';
import { TFTP_DEFAULTS } from '../../../src/server/tftp/tftp-settings.ts';

const address = (text: string): Ipv4Address => text as Ipv4Address;

test.each([
  ['10.1.2.3', undefined],
  ['172.31.255.255', undefined],
  ['172.32.0.0', 'network'],
  ['192.168.7.7', undefined],
  ['100.64.0.1', undefined],
  ['169.254.1.1', undefined],
  ['203.0.113.5', undefined],
  ['203.0.114.5', 'network'],
  ['8.8.8.8', 'network'],
])('a request from %s, where 203.0.113.0/24 is a network of the settings: %s', (from, expected) => {
  const limits = new RequestLimits(TFTP_DEFAULTS, [parseCidr('203.0.113.0/24')!]);
  expect(limits.check(address(from), 0)).toBe(expected);
});

describe('limits', () => {
  test('of requests are a burst, and then so many a second, of each address', () => {
    const limits = new RequestLimits({ ...TFTP_DEFAULTS, requestsPerSecond: 2, requestBurst: 3 }, []);
    const ask = (from: string, nowMs: number) => limits.check(address(from), nowMs);
    expect([0, 0, 0, 0].map((nowMs) => ask('10.0.0.1', nowMs))).toEqual([
      undefined,
      undefined,
      undefined,
      'rate',
    ]);
    expect(ask('10.0.0.2', 0)).toBeUndefined();
    expect([500, 500].map((nowMs) => ask('10.0.0.1', nowMs))).toEqual([undefined, 'rate']);
  });

  test('of transfers are for each address, and for all', () => {
    const limits = new RequestLimits({ ...TFTP_DEFAULTS, transfersMax: 3, transfersPerClientMax: 2 }, []);
    const [a, b] = [address('10.0.0.1'), address('10.0.0.2')];
    expect([a, a, a, b, b].map((from) => limits.enter(from))).toEqual([
      undefined, undefined, 'client-transfers', undefined, 'overload',
    ]); // prettier-ignore
    limits.leave(a);
    expect([limits.running, limits.enter(b), limits.enter(a)]).toEqual([2, undefined, 'overload']);
  });

  test('a network that is none is told', () => {
    expect(() => new RequestLimits({ ...TFTP_DEFAULTS, networks: ['10.0.0.1/8'] }, [])).toThrow(
      '10.0.0.1/8 is not a network',
    );
  });
});
