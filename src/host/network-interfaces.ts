import { readFileSync } from 'node:fs';
import { type Ipv4Address, parseIpv4 } from '../protocol/ipv4-address.ts';
import { listAddresses } from './list-addresses.ts';

/** A network interface of this host that has an IPv4 address. */
export interface NetworkInterface {
  readonly name: string;
  /** The kernel's number of it: an interface that went and came back has another one. */
  readonly index: number;
  /** The primary address comes first. */
  readonly addresses: readonly [Ipv4Address, ...Ipv4Address[]];
  /** Whether packets stay on this host. */
  readonly loopback: boolean;
}

/** The interfaces of this host that are up and have an IPv4 address, with a carrier or without. */
export function listNetworkInterfaces(): NetworkInterface[] {
  const found = new Map<string, { addresses: Ipv4Address[]; loopback: boolean }>();
  for (const { address: text, label, loopback } of listAddresses()) {
    const name = label.split(':')[0] ?? label;
    const known = found.get(name) ?? { addresses: [], loopback };
    const address = parseIpv4(text);
    if (address !== undefined) known.addresses.push(address);
    found.set(name, known);
  }
  return [...found].flatMap(([name, { addresses, loopback }]) => {
    const [first, ...rest] = addresses;
    if (first === undefined) return [];
    return [{ name, index: readInterfaceIndex(name), addresses: [first, ...rest] as const, loopback }];
  });
}

function readInterfaceIndex(name: string): number {
  try {
    return Number(readFileSync(`/sys/class/net/${name}/ifindex`, 'latin1'));
  } catch {
    // /sys shows another network namespace, or is not there: then only a change of address is noticed.
    return 0;
  }
}

/** The networks that this host is on, IPv4 and IPv6, as one of its addresses in each with the prefix: `10.0.1.2/24`. */
export function listLocalNetworks(): string[] {
  return listAddresses().map(({ address, prefixLength }) => `${address}/${prefixLength}`);
}

/** What tells two moments of an interface apart. */
export function interfaceSignature({ addresses, index, name }: NetworkInterface): string {
  return `${name}#${index} ${addresses.join(' ')}`;
}
