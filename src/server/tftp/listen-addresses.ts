import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import {
  type Ipv4Address,
  ipv4FromNumber,
  ipv4ToNumber,
  parseIpv4,
  UNSPECIFIED_ADDRESS,
} from '../../protocol/ipv4-address.ts';
import { cidrContains, type Ipv4Cidr, parseCidr } from '../../protocol/ipv4-cidr.ts';

/** IPv4, UDP and TFTP headers of a DATA packet, in octets. */
const HEADERS_LENGTH = 20 + 8 + 4;
/** What an Ethernet packet of 1500 octets holds. */
const BLKSIZE_ETHERNET = 1468;
/** RFC 2348. */
const BLKSIZE_MAX = 65_464;

/** An address of this host, with the network it is on and the interface that has it. */
export interface LocalAddress {
  readonly address: Ipv4Address;
  readonly network: Ipv4Cidr;
  readonly device: string;
}

/** The IPv4 addresses that this host has now. */
export function listLocalAddresses(): LocalAddress[] {
  return Object.entries(networkInterfaces()).flatMap(([device, entries]) =>
    (entries ?? []).flatMap(({ address, cidr, family }) => {
      const local = family === 'IPv4' ? parseIpv4(address) : undefined;
      const network = cidr === null ? undefined : networkOf(cidr);
      return local === undefined || network === undefined ? [] : [{ address: local, network, device }];
    }),
  );
}

/**
 * The addresses to open a socket on. The wildcard becomes every address that the host has: a socket on the wildcard
 * answers from an address of the kernel's choice, and on a host with several of them clients drop that answer.
 */
export function resolveListenAddress(
  address: Ipv4Address,
  local: readonly LocalAddress[],
): readonly Ipv4Address[] {
  if (address !== UNSPECIFIED_ADDRESS) return [address];
  return [...new Set(local.map((one) => one.address))];
}

/** The largest block that goes into one packet of the interface that has the address. */
export function blksizeOfInterface(address: Ipv4Address, local: readonly LocalAddress[]): number {
  const owner =
    local.find((one) => one.address === address) ?? local.find((one) => cidrContains(one.network, address));
  const mtu = owner === undefined ? undefined : readMtu(owner.device);
  return mtu === undefined ? BLKSIZE_ETHERNET : Math.min(Math.max(mtu - HEADERS_LENGTH, 512), BLKSIZE_MAX);
}

function readMtu(device: string): number | undefined {
  try {
    // An alias such as eth0:1 has the MTU of its interface.
    const mtu = Number(readFileSync(`/sys/class/net/${device.replace(/:.*/, '')}/mtu`, 'latin1'));
    return Number.isInteger(mtu) && mtu > 0 ? mtu : undefined;
  } catch {
    return undefined;
  }
}

/** `10.0.1.5/24` is on 10.0.1.0/24. */
function networkOf(cidr: string): Ipv4Cidr | undefined {
  const [text, prefix] = cidr.split('/');
  const address = parseIpv4(text ?? '');
  if (address === undefined) return undefined;
  const value = ipv4ToNumber(address);
  return parseCidr(`${ipv4FromNumber(value - (value % 2 ** (32 - Number(prefix))))}/${prefix}`);
}
