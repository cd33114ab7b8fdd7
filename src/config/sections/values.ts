import { isIP } from 'node:net';
import { z } from 'zod';
import type { Endpoint } from '../../protocol/endpoint.ts';
import { hostAddressFault, isLoopback } from '../../protocol/host-address.ts';
import {
  type Ipv4Address,
  ipv4ToNumber,
  parseIpv4,
  UNSPECIFIED_ADDRESS,
} from '../../protocol/ipv4-address.ts';
import { cidrFault, parseCidr } from '../../protocol/ipv4-cidr.ts';
import { parseMacPrefix } from '../../protocol/mac-prefixes.ts';
import type { AddressRange } from '../../provision/dhcp/subnets/subnet.ts';

// Types of values that several sections use.

/**
 * A path of a file or folder. In railhead.yaml it is relative to that file, in a variable or flag to the working
 * directory; load-settings.ts finds paths by this mark and makes them absolute.
 */
export const filePath = z.string().min(1, 'must name a file or folder').meta({ isPath: true });

/** An IPv4 address. */
export const ipv4 = z.string().transform((text, context) => {
  const address = parseIpv4(text);
  if (address !== undefined) return address;
  context.addIssue(`"${text}" is not an IPv4 address`);
  return z.NEVER;
});

/** The IPv4 address of a host that clients or this server send packets to. */
export const hostAddress = ipv4.refine((address) => hostAddressFault(address) === undefined, {
  error: ({ input }) => {
    const address = input as Ipv4Address;
    return `must be the address of a host: ${address} ${hostAddressFault(address)}`;
  },
});

/** An IPv4 address of this host, or all of them (0.0.0.0), to listen on. */
export const listenAddress = ipv4.refine((address) => listenFault(address) === undefined, {
  error: ({ input }) => listenFault(String(input)),
});

/** Why this host cannot listen on an address, IPv4 or IPv6; undefined if it can once an interface has it. */
function listenFault(host: string): string | undefined {
  const address = parseIpv4(host);
  if (address === undefined || address === UNSPECIFIED_ADDRESS || isLoopback(address)) return undefined;
  const fault = hostAddressFault(address);
  return fault && `must be an address of this host: ${host} ${fault}`;
}

/** An IPv4 network with its host bits zero. */
export const cidr = z.string().transform((text, context) => {
  const network = parseCidr(text);
  if (network !== undefined) return network;
  context.addIssue(cidrFault(text));
  return z.NEVER;
});

/** A network, IPv4 or IPv6, as text. */
export const anyCidr = z.string().refine(
  (text) => {
    const [, address = '', prefix] = /^(.*)\/(\d{1,3})$/.exec(text) ?? [];
    const version = isIP(address);
    return version !== 0 && Number(prefix) <= (version === 6 ? 128 : 32);
  },
  { error: ({ input }) => `"${String(input)}" is not a network; write it as 10.0.1.0/24 or 2001:db8:1::/64` },
);

/** The range of IPv4 addresses that the text is; undefined if it is none. */
export function parseRange(text: string): AddressRange | undefined {
  const [first, last, ...rest] = text.split('-').map((part) => parseIpv4(part.trim()));
  const isWhole = first !== undefined && last !== undefined && rest.length === 0;
  return isWhole && ipv4ToNumber(first) <= ipv4ToNumber(last) ? { first, last } : undefined;
}

/** What is wrong with a text that is no range. */
export function rangeFault(text: string): string {
  return `"${text}" is not a range; write it as 10.0.1.100-10.0.1.200`;
}

/** A range of IPv4 addresses. */
export const range = z.string().transform((text, context): AddressRange => {
  const parsed = parseRange(text);
  if (parsed !== undefined) return parsed;
  context.addIssue(rangeFault(text));
  return z.NEVER;
});

/** A MAC address or its first bytes, in lower case with colons. */
export const macPrefix = z.string().transform((text, context): string => {
  const prefix = parseMacPrefix(text);
  if (prefix !== undefined) return prefix;
  context.addIssue(
    `"${text}" is neither a MAC address nor its first bytes; write it as 52:54:00:a1:9c:ae or 52:54:00`,
  );
  return z.NEVER;
});

/** An address and a port. */
export const endpoint = z.string().transform((text, context): Endpoint => {
  const [, bracketed, plain, port = ''] = /^(?:\[([0-9a-f:.]+)\]|([0-9.]+)):(\d{1,5})$/i.exec(text) ?? [];
  const host = bracketed ?? (plain === undefined ? undefined : parseIpv4(plain));
  if (host !== undefined && Number(port) <= 65535) return { host, port: Number(port) };
  context.addIssue(`"${text}" is not an address and port; write it as 0.0.0.0:8080 or [::1]:8080`);
  return z.NEVER;
});

/** An address of this host, or all of them (0.0.0.0), and a port to listen on. */
export const listenEndpoint = endpoint.refine(({ host }) => listenFault(host) === undefined, {
  error: ({ input }) => listenFault((input as Endpoint).host),
});

/** Scheme, host and port of a URL. */
export const origin = z
  .string()
  .refine(
    (text) => /^https?:\/\/[^/?#\s]+$/.test(text) && URL.canParse(text),
    'write it as http://10.0.0.2:8080, without a path',
  )
  .transform((text) => text.replace(/\/$/, ''));
