import { expect, test } from 'vitest';
import type { NetworkInterface } from '../../../src/host/network-interfaces.ts';
import type { Ipv4Address } from '../../../src/protocol/ipv4-address.ts';
import { blksizeOfInterface } from '../../../src/server/tftp/listen-addresses.ts';

const ip = (text: string): Ipv4Address => text as Ipv4Address;
const MTUS: Readonly<Record<string, number>> = { lo: 65_536, eth0: 1500, eth1: 9000, tiny: 500 };

function host(names: readonly string[]): NetworkInterface[] {
  return [
    { name: 'lo', index: 1, addresses: [ip('127.0.0.1'), ip('10.99.0.1')], loopback: true },
    ...names.map((name, at) => ({
      name,
      index: at + 2,
      addresses: [ip(`10.77.${at}.1`)] as const,
      loopback: false,
    })),
  ];
}

test.each<[name: string, address: string, interfaces: string[], blksize: number]>([
  ['of Ethernet', '10.77.0.1', ['eth0', 'eth1'], 1468],
  ['of jumbo frames', '10.77.1.1', ['eth0', 'eth1'], 8968],
  ['that is too small for TFTP', '10.77.0.1', ['tiny'], 512],
  ['of this host alone', '127.0.0.1', ['eth0'], 65_464],
  ['of this host alone, which no interface lists', '127.0.0.9', ['eth0'], 65_464],
  ['of lo that is asked through Ethernet and jumbo frames', '10.99.0.1', ['eth1', 'eth0'], 1468],
  ['of lo that is asked through jumbo frames', '10.99.0.1', ['eth1'], 8968],
  ['of lo without another interface', '10.99.0.1', [], 1468],
])('the largest block of an address %s', (_, address, interfaces, blksize) => {
  expect(blksizeOfInterface(ip(address), host(interfaces), (name) => MTUS[name])).toBe(blksize);
});

test('where the MTU is not known, blocks fit Ethernet', () => {
  expect(blksizeOfInterface(ip('10.77.0.1'), host(['eth0']), () => undefined)).toBe(1468);
});
