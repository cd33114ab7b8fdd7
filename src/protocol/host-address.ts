import { BROADCAST_ADDRESS, type Ipv4Address, ipv4ToNumber, UNSPECIFIED_ADDRESS } from './ipv4-address.ts';

/**
 * Why no other host can have this address, as the end of a sentence that begins with it: `is a multicast address`.
 * Undefined for an address that a host can have (RFC 1122 section 3.2.1.3).
 */
export function hostAddressFault(address: Ipv4Address): string | undefined {
  if (address === UNSPECIFIED_ADDRESS)
    return 'means no address, and not this server: write its address, or none';
  if (address === BROADCAST_ADDRESS) return 'is the broadcast address, which no host has';
  const firstByte = ipv4ToNumber(address) >>> 24;
  if (firstByte === 0) return 'is in 0.0.0.0/8, whose addresses no host has';
  if (isLoopback(address)) return 'is a loopback address: clients would ask themselves';
  if (firstByte >= 224 && firstByte <= 239) return 'is a multicast address, which no single host has';
  return undefined;
}

/** Whether the address is one by which a host reaches only itself. */
export function isLoopback(address: Ipv4Address): boolean {
  return address.startsWith('127.');
}
