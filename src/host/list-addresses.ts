import { createRequire } from 'node:module';
import { networkInterfaces } from 'node:os';
import type koffiModule from 'koffi';

/** One address of one network interface of this host. */
export interface InterfaceAddress {
  /** The kernel's label of the address: old tools name a second one of eth1 "eth1:0". */
  readonly label: string;
  readonly family: 4 | 6;
  readonly address: string;
  readonly prefixLength: number;
  /** Whether it is a loopback interface. */
  readonly loopback: boolean;
}

type Koffi = typeof koffiModule;
type ListAddresses = () => InterfaceAddress[];

let list: ListAddresses | undefined;

/**
 * The addresses of the interfaces that are up, with or without a carrier: the kernel allows a socket on an address
 * while a cable is unplugged. Node's own list omits such interfaces, and is used only if libc cannot be called. Throws
 * if the kernel returns no list, for example without a free descriptor.
 */
export function listAddresses(): InterfaceAddress[] {
  list ??= callLibc() ?? listOfNode;
  return list();
}

const IFF_UP = 0x1;
const IFF_LOOPBACK = 0x8;
const AF_INET = 2;
const AF_INET6 = 10;

/** One element of the list of getifaddrs(3). */
interface IfAddrs {
  readonly next: unknown;
  readonly name: string;
  readonly flags: number;
  readonly addr: unknown;
  readonly netmask: unknown;
}

function callLibc(): ListAddresses | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    // Its binary may not fit this platform, and then everything else must still work.
    const koffi = createRequire(import.meta.url)('koffi') as Koffi;
    const libc = koffi.load(null);
    const getifaddrs = libc.func('int getifaddrs(_Out_ void **list)') as (out: [unknown]) => number;
    const freeifaddrs = libc.func('void freeifaddrs(void *list)') as (list: unknown) => void;
    const ifaddrs = koffi.struct({
      next: 'void *',
      name: 'const char *',
      flags: 'uint32_t',
      addr: 'void *',
      netmask: 'void *',
      destination: 'void *',
      data: 'void *',
    });
    const bytesAt = (pointer: unknown, offset: number, length: number): number[] =>
      Array.from(koffi.decode(pointer, offset, 'uint8_t', length) as Uint8Array);

    return () => {
      const out: [unknown] = [null];
      if (getifaddrs(out) !== 0) throw new Error('getifaddrs: the kernel lists no addresses');
      try {
        const found: InterfaceAddress[] = [];
        for (let next = out[0]; next !== null;) {
          const one = koffi.decode(next, ifaddrs) as IfAddrs;
          next = one.next;
          if ((one.flags & IFF_UP) === 0 || one.addr === null || one.netmask === null) continue;
          const family = koffi.decode(one.addr, 'uint16_t') as number;
          if (family !== AF_INET && family !== AF_INET6) continue;
          // After family and port: sin_addr of <netinet/in.h>, or sin6_addr after the flow label.
          const [offset, length] = family === AF_INET ? [4, 4] : [8, 16];
          const address = bytesAt(one.addr, offset, length);
          found.push({
            label: one.name,
            family: family === AF_INET ? 4 : 6,
            address: family === AF_INET ? address.join('.') : ipv6Text(address),
            prefixLength: countOnes(bytesAt(one.netmask, offset, length)),
            loopback: (one.flags & IFF_LOOPBACK) !== 0,
          });
        }
        return found;
      } finally {
        freeifaddrs(out[0]);
      }
    };
  } catch {
    return undefined;
  }
}

function listOfNode(): InterfaceAddress[] {
  return Object.entries(networkInterfaces()).flatMap(([label, entries]) =>
    (entries ?? []).map(({ address, cidr, family, internal }) => ({
      label,
      family: family === 'IPv4' ? (4 as const) : (6 as const),
      address,
      prefixLength: Number(cidr?.split('/')[1] ?? (family === 'IPv4' ? 32 : 128)),
      loopback: internal,
    })),
  );
}

/** Uncompressed, which every parser of addresses accepts. */
function ipv6Text(bytes: readonly number[]): string {
  const groups: string[] = [];
  for (let at = 0; at < bytes.length; at += 2) {
    groups.push((((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)).toString(16));
  }
  return groups.join(':');
}

function countOnes(mask: readonly number[]): number {
  return mask.reduce((ones, byte) => ones + (byte.toString(2).match(/1/g)?.length ?? 0), 0);
}
