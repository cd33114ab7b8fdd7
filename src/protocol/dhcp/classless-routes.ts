import { type Ipv4Address, ipv4FromBytes, ipv4FromNumber, writeIpv4 } from '../ipv4-address.ts';
import { type Ipv4Cidr, parseCidr } from '../ipv4-cidr.ts';
import { MalformedMessage } from '../malformed-message.ts';

/** One route of option 121. */
export interface ClasslessRoute {
  readonly destination: Ipv4Cidr;
  /** 0.0.0.0 means that the destination is on the link (RFC 3442, "Local Subnet Routes"). */
  readonly router: Ipv4Address;
}

/** RFC 3442, and the code that Microsoft used for the same option before the RFC. */
export const CLASSLESS_ROUTE_OPTIONS: readonly number[] = [121, 249];

/** Writes option 121: prefix length, the significant bytes of the destination, router (RFC 3442). */
export function encodeClasslessRoutes(routes: readonly ClasslessRoute[]): Uint8Array {
  const bytes: number[] = [];
  for (const { destination, router } of routes) {
    const addresses = new Uint8Array(8);
    writeIpv4(addresses, 0, ipv4FromNumber(destination.first));
    writeIpv4(addresses, 4, router);
    bytes.push(destination.prefixLength);
    bytes.push(...addresses.subarray(0, Math.ceil(destination.prefixLength / 8)), ...addresses.subarray(4));
  }
  return Uint8Array.from(bytes);
}

/** Reads option 121; host bits that are set are cleared, as RFC 3442 asks. Throws MalformedMessage. */
export function decodeClasslessRoutes(bytes: Uint8Array): ClasslessRoute[] {
  const routes: ClasslessRoute[] = [];
  let offset = 0;
  while (offset < bytes.length) {
    const prefixLength = bytes[offset] ?? 0;
    const significant = Math.ceil(prefixLength / 8);
    const end = offset + 1 + significant + 4;
    if (prefixLength > 32 || end > bytes.length) {
      throw new MalformedMessage('classless_routes', 'classless routes: a route is incomplete', offset);
    }
    let value = 0;
    for (let index = 0; index < 4; index++) {
      value = value * 256 + (index < significant ? (bytes[offset + 1 + index] ?? 0) : 0);
    }
    const size = 2 ** (32 - prefixLength);
    const destination = parseCidr(`${ipv4FromNumber(value - (value % size))}/${prefixLength}`);
    if (destination !== undefined) {
      routes.push({ destination, router: ipv4FromBytes(bytes, offset + 1 + significant) });
    }
    offset = end;
  }
  return routes;
}

/**
 * Whether the routes lead everywhere: by a default route, or by its two halves, which VPNs use to take precedence over
 * another one. Without that, a client that uses option 121 has no default route.
 */
export function hasDefaultRoute(routes: readonly ClasslessRoute[]): boolean {
  const halves = new Set<number>();
  for (const { destination } of routes) {
    if (destination.prefixLength === 0) return true;
    if (destination.prefixLength === 1) halves.add(destination.first);
  }
  return halves.size === 2;
}
