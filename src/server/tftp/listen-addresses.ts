import { readFileSync } from 'node:fs';
import { type Ipv4Address, UNSPECIFIED_ADDRESS } from '../../protocol/ipv4-address.ts';
import type { NetworkInterface } from '../../host/network-interfaces.ts';

/** IPv4, UDP and TFTP headers of a DATA packet, in bytes. */
const HEADERS_LENGTH = 20 + 8 + 4;
/** The payload of an Ethernet frame, 1500 bytes. */
const BLKSIZE_ETHERNET = 1468;
/** RFC 2348. */
const BLKSIZE_MAX = 65_464;

/**
 * The addresses to open a socket on. The wildcard is expanded to all addresses of the host: a socket on the wildcard
 * answers from an address that the kernel chooses, and on a host with several addresses clients drop that answer.
 */
export function resolveListenAddress(
  address: Ipv4Address,
  interfaces: readonly NetworkInterface[],
): readonly Ipv4Address[] {
  if (address !== UNSPECIFIED_ADDRESS) return [address];
  return [...new Set(interfaces.flatMap(({ addresses }) => addresses))];
}

/**
 * The largest block that fits into one packet of the interface with the address. An address of `lo` outside of
 * 127.0.0.0/8 is asked through the other interfaces, so that the smallest packet of these counts.
 */
export function blksizeOfInterface(
  address: Ipv4Address,
  interfaces: readonly NetworkInterface[],
  mtuOf: (name: string) => number | undefined = readMtu,
): number {
  const owner = interfaces.find(({ addresses }) => addresses.includes(address));
  const isLocal = address.startsWith('127.');
  // Every address of 127.0.0.0/8 belongs to the loopback interface, which lists only one.
  const crossed =
    owner === undefined || owner.loopback
      ? interfaces.filter(({ loopback }) => loopback === isLocal)
      : [owner];
  const mtus = crossed.map(({ name }) => mtuOf(name)).filter((mtu) => mtu !== undefined);
  if (mtus.length === 0) return BLKSIZE_ETHERNET;
  return Math.min(Math.max(Math.min(...mtus) - HEADERS_LENGTH, 512), BLKSIZE_MAX);
}

function readMtu(name: string): number | undefined {
  try {
    const mtu = Number(readFileSync(`/sys/class/net/${name}/mtu`, 'latin1'));
    return Number.isInteger(mtu) && mtu > 0 ? mtu : undefined;
  } catch {
    return undefined;
  }
}
