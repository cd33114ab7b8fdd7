import { expect, test } from 'vitest';
import { hostAddressFault } from '../../src/protocol/host-address.ts';
import { parseIpv4 } from '../../src/protocol/ipv4-address.ts';

test.each([
  ['10.0.1.1', undefined],
  ['1.0.0.1', undefined],
  ['126.255.255.255', undefined],
  ['128.0.0.1', undefined],
  // A cache of a name server on every machine, and clouds, have link-local addresses.
  ['169.254.20.10', undefined],
  ['223.255.255.255', undefined],
  // Some sites use these reserved addresses inside.
  ['240.0.0.1', undefined],
  ['0.0.0.0', /means no address/],
  ['0.0.0.1', /is in 0\.0\.0\.0\/8/],
  ['127.0.0.1', /is a loopback address/],
  ['127.255.255.254', /is a loopback address/],
  ['224.0.0.1', /is a multicast address/],
  ['239.255.255.255', /is a multicast address/],
  ['255.255.255.255', /is the broadcast address/],
])('%s: %s', (text, fault) => {
  const found = hostAddressFault(parseIpv4(text)!);
  if (fault === undefined) expect(found).toBeUndefined();
  else expect(found).toMatch(fault);
});
