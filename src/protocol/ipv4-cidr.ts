import { type Ipv4Address, ipv4FromNumber, ipv4ToNumber, parseIpv4 } from './ipv4-address.ts';

/** An IPv4 network, `10.0.1.0/24`, with its bounds as numbers so that membership is two comparisons. */
export interface Ipv4Cidr {
  readonly text: string;
  readonly prefixLength: number;
  /** The network address (all host bits zero), as a number in host order. */
  readonly first: number;
  /** The highest address (all host bits one), as a number in host order. */
  readonly last: number;
}

/**
 * Reads `address/prefix`; undefined if the text is not one. Host bits must be zero (`10.0.1.5/24` is refused), since
 * otherwise the network is more likely a mistake.
 */
export function parseCidr(text: string): Ipv4Cidr | undefined {
  const match = /^([0-9.]+)\/([0-9]|[12][0-9]|3[0-2])$/.exec(text);
  const address = match?.[1] === undefined ? undefined : parseIpv4(match[1]);
  if (match?.[2] === undefined || address === undefined) return undefined;
  const prefixLength = Number(match[2]);
  const size = 2 ** (32 - prefixLength);
  const first = ipv4ToNumber(address);
  if (first % size !== 0) return undefined;
  return { text, prefixLength, first, last: first + size - 1 };
}

/** What to say of a text that `parseCidr` refuses: it names the network that was meant if the text shows one. */
export function cidrFault(text: string): string {
  const [, host = '', prefix = ''] = /^([0-9.]+)\/(\d{1,2})$/.exec(text) ?? [];
  const address = parseIpv4(host);
  const length = Number(prefix);
  const size = 2 ** (32 - length);
  const meant =
    address === undefined || length > 32
      ? undefined
      : parseCidr(`${ipv4FromNumber(Math.floor(ipv4ToNumber(address) / size) * size)}/${length}`);
  return meant === undefined
    ? `"${text}" is not a network; write it as 10.0.1.0/24`
    : `"${text}" is the address of a host with a prefix length; the network is ${meant.text}`;
}

/** Whether the address is in the network, including the network and broadcast addresses. */
export function cidrContains(cidr: Ipv4Cidr, address: Ipv4Address): boolean {
  const value = ipv4ToNumber(address);
  return value >= cidr.first && value <= cidr.last;
}

/** The subnet mask, as in option 1. */
export function cidrNetmask(cidr: Ipv4Cidr): Ipv4Address {
  return ipv4FromNumber(2 ** 32 - 2 ** (32 - cidr.prefixLength));
}
