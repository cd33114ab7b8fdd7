import { readFileSync } from 'node:fs';
import { type Ipv4Address, parseIpv4 } from '../protocol/ipv4-address.ts';
import { listAddresses } from './list-addresses.ts';

/** A network interface of this host that has an IPv4 address. */
export interface NetworkInterface {
  readonly name: string;
  /** The kernel's index of it: an interface that was removed and added again has another one. */
  readonly index: number;
  /** The primary address is first. */
  readonly addresses: readonly [Ipv4Address, ...Ipv4Address[]];
  /** Whether it is a loopback interface. */
  readonly loopback: boolean;
}

/** The interfaces of this host that are up and have an IPv4 address, with or without a carrier. */
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
    // /sys belongs to another network namespace, or is missing: then only changes of addresses are noticed.
    return 0;
  }
}

/** The networks of this host, IPv4 and IPv6, each as one of its addresses with the prefix length: `10.0.1.2/24`. */
export function listLocalNetworks(): string[] {
  return listAddresses().map(({ address, prefixLength }) => `${address}/${prefixLength}`);
}

/** A text that differs when the interface has changed. */
export function interfaceSignature({ addresses, index, name }: NetworkInterface): string {
  return `${name}#${index} ${addresses.join(' ')}`;
}
