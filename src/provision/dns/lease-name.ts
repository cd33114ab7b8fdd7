import type { ClientFqdn, FqdnAnswer } from '../../protocol/dhcp/client-fqdn.ts';
import {
  childName,
  type DnsName,
  isWithinZone,
  parseDnsName,
  parseHostLabel,
  reverseNameOf,
} from '../../protocol/dns/dns-name.ts';
import type { Ipv4Address } from '../../protocol/ipv4-address.ts';

/** How clients get names in DNS. */
export interface NamePolicy {
  /** The zones that may be updated, forward and reverse. */
  readonly zones: readonly DnsName[];
  /** Whether a client without a host name in its record gets the name that it gives itself. */
  readonly clientNames: boolean;
  /** Clients without any name are named with this prefix, a dash and their address: `host-10-0-1-20`. */
  readonly generatedPrefix?: string;
  /** Whether the server updates DNS even for a client that asks to do that itself, or asks for no update. */
  readonly overrideClient: boolean;
  /** Instead of a third of the lease. */
  readonly ttlSeconds?: number;
}

/** What a client's name is made from. */
export interface NameClaims {
  readonly address: Ipv4Address;
  /** The host name in the machine's record. */
  readonly recordName?: string;
  /** Option 81. */
  readonly fqdn?: ClientFqdn;
  /** Option 12. */
  readonly hostName?: string;
  /** The domain of the client's network. */
  readonly domain?: string;
  /** Seconds; Infinity for a lease without end. */
  readonly leaseSeconds: number;
}

/** The name of a lease, and which of its records are to be in DNS. */
export interface LeaseName {
  readonly name: DnsName;
  /** The A record, and DHCID beside it. */
  readonly forward: boolean;
  /** The PTR record. */
  readonly reverse: boolean;
  readonly ttlSeconds: number;
}

/** RFC 4702 section 5: a third of the lease, and not less than ten minutes. */
const TTL_SECONDS_MIN = 600;
const TTL_SECONDS_MAX = 86_400;
/** Names with a special meaning (proxy discovery, localhost): a client that owned one could deceive other hosts. */
const RESERVED_LABELS: ReadonlySet<string> = new Set(['localhost', 'wpad', 'isatap']);
const LABEL_SIZE_MAX = 63;

/**
 * The name that a lease is to have in DNS: the one in the machine's record, else the first label of the client's own
 * (option 81, else 12) in the network's domain, else a generated one. `isDeclared` says whether a record holds a host
 * name: no other client gets it. Undefined where there is no name, or no zone for it.
 */
export function chooseLeaseName(
  claims: NameClaims,
  policy: NamePolicy,
  isDeclared: (hostname: string) => boolean,
): LeaseName | undefined {
  const domain = claims.domain === undefined ? undefined : parseDnsName(claims.domain);
  const ofRecord = claims.recordName === undefined ? undefined : recordName(claims.recordName, domain);
  const name = ofRecord ?? clientName(claims, domain, policy, isDeclared);
  if (name === undefined) return undefined;
  // A declared name is registered even if the client asked for no DNS update.
  const wishes = ofRecord !== undefined || policy.overrideClient ? undefined : claims.fqdn;
  if (wishes?.noUpdates === true) return undefined;
  const isServed = (one: DnsName): boolean => policy.zones.some((zone) => isWithinZone(one, zone));
  const forward = isServed(name) && wishes?.serverUpdates !== false;
  const reverse = isServed(reverseNameOf(claims.address));
  return forward || reverse ? { name, forward, reverse, ttlSeconds: ttlOf(claims, policy) } : undefined;
}

/** Option 81 of the reply to a client that sent one. */
export function fqdnAnswer(chosen: LeaseName | undefined): FqdnAnswer {
  return chosen === undefined
    ? { serverUpdates: false, noUpdates: true }
    : { serverUpdates: chosen.forward, noUpdates: false, name: chosen.name };
}

/** A label of letters, digits and dashes made from a client's name; undefined if none of them is in it. */
export function sanitiseHostLabel(text: string): string | undefined {
  const [first = ''] = text.split('.');
  const label = first
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-/, '')
    .slice(0, LABEL_SIZE_MAX)
    .replace(/-$/, '');
  return parseHostLabel(label);
}

function recordName(hostname: string, domain: DnsName | undefined): DnsName | undefined {
  if (hostname.includes('.')) return parseDnsName(hostname);
  return domain === undefined ? undefined : childName(hostname, domain);
}

function clientName(
  { address, fqdn, hostName, recordName: declared }: NameClaims,
  domain: DnsName | undefined,
  policy: NamePolicy,
  isDeclared: (hostname: string) => boolean,
): DnsName | undefined {
  if (domain === undefined || declared !== undefined) return undefined;
  // RFC 4702 section 4: option 12 is ignored if option 81 has a name.
  const own = policy.clientNames ? sanitiseHostLabel(fqdn?.name || hostName || '') : undefined;
  if (own !== undefined && !RESERVED_LABELS.has(own)) {
    const name = childName(own, domain);
    if (name !== undefined && !isDeclared(own) && !isDeclared(name)) return name;
  }
  if (policy.generatedPrefix === undefined) return undefined;
  return childName(`${policy.generatedPrefix}-${address.replaceAll('.', '-')}`, domain);
}

function ttlOf({ leaseSeconds }: NameClaims, { ttlSeconds }: NamePolicy): number {
  if (ttlSeconds !== undefined) return ttlSeconds;
  return Math.min(Math.max(Math.floor(leaseSeconds / 3), TTL_SECONDS_MIN), TTL_SECONDS_MAX);
}
