import { describe, expect, test } from 'vitest';
import type { Ipv4Address } from '../../../../src/protocol/ipv4-address.ts';
import { RequestLimits } from '../../../../src/server/tftp/requests/request-limits.ts';
import { TFTP_DEFAULTS } from '../../../../src/server/tftp/tftp-settings.ts';

const address = (text: string): Ipv4Address => text as Ipv4Address;

const everybody = (): boolean => true;

test('a client on a network that is not served gets no answer, and its requests use up no limit', () => {
  const limits = new RequestLimits(
    { ...TFTP_DEFAULTS, requestsPerSecond: 1, requestBurst: 1 },
    (client) => client === '10.0.0.1',
  );
  expect(limits.check(address('8.8.8.8'), 0)).toBe('network');
  expect(limits.check(address('10.0.0.1'), 0)).toBeUndefined();
});

test('a client whose network card is excluded gets no answer', () => {
  const client = address('10.0.0.9');
  const limits = new RequestLimits(TFTP_DEFAULTS, everybody, (one) => one === client);
  expect(limits.check(client, 0)).toBe('never-answered');
  expect(limits.check(address('10.0.0.8'), 0)).toBeUndefined();
});

describe('limits', () => {
  test('of requests allow a burst, and then a rate, for each address', () => {
    const limits = new RequestLimits({ ...TFTP_DEFAULTS, requestsPerSecond: 2, requestBurst: 3 }, everybody);
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

  test('of transfers apply to each address, and to all together', () => {
    const limits = new RequestLimits(
      { ...TFTP_DEFAULTS, transfersMax: 3, transfersPerClientMax: 2 },
      everybody,
    );
    const [a, b] = [address('10.0.0.1'), address('10.0.0.2')];
    expect([a, a, a, b, b].map((from) => limits.enter(from))).toEqual([
      undefined, undefined, 'client-transfers', undefined, 'overload',
    ]); // prettier-ignore
    limits.leave(a);
    expect([limits.running, limits.enter(b), limits.enter(a)]).toEqual([2, undefined, 'overload']);
  });
});
