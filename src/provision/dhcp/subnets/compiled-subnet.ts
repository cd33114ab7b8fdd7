import type { DhcpOptions } from '../../../protocol/dhcp/message.ts';
import { OptionCode } from '../../../protocol/dhcp/option-codes.ts';
import { encodeAddresses, encodeText } from '../../../protocol/dhcp/option-value.ts';
import { ipv4FromNumber, ipv4ToNumber } from '../../../protocol/ipv4-address.ts';
import { cidrNetmask } from '../../../protocol/ipv4-cidr.ts';
import type { Selector } from '../../selection/selector.ts';
import { type AddressRange, encodeOptionSettings, type Pool, type Subnet } from './subnet.ts';

/** A range of addresses as offsets from the start of the network, both ends included. */
export interface OffsetRange {
  readonly first: number;
  readonly last: number;
}

/** Ranges whose addresses are for the same clients, in order. */
export interface CompiledPool {
  readonly ranges: readonly OffsetRange[];
  /** Selects the clients; if absent, all. */
  readonly selector?: Selector;
  /** Number of addresses that can be given out, including those reserved for machines. */
  readonly size: number;
}

/** A subnet with all values precomputed that every packet needs. */
export interface CompiledSubnet {
  readonly subnet: Subnet;
  /** The network address as a number; offsets count from it. */
  readonly base: number;
  /** Number of addresses in the network. */
  readonly size: number;
  /** Pools with a selector first, in the order of the settings; all ranges without one form one pool, the last. */
  readonly pools: readonly CompiledPool[];
  /** Number of addresses in the pools that can be given out, including those reserved for machines; for thresholds. */
  readonly poolSize: number;
  /** Offsets that are never given out: network, broadcast, routers, relays and servers. */
  readonly forbidden: ReadonlySet<number>;
  readonly excluded: readonly OffsetRange[];
  /** The options for every client of the subnet, besides those that the protocol itself requires. */
  readonly options: DhcpOptions;
  /** Options by the beginning of option 60. */
  readonly vendorOptions: readonly { readonly vendorClass: string; readonly options: DhcpOptions }[];
  readonly netmask: Uint8Array;
}

/** The options that a network has for clients of this vendor class. */
export function optionsOfVendor(
  { vendorOptions }: CompiledSubnet,
  vendorClass: string | undefined,
): DhcpOptions | undefined {
  if (vendorClass === undefined || vendorOptions.length === 0) return undefined;
  return vendorOptions.find((entry) => vendorClass.startsWith(entry.vendorClass))?.options;
}

/** Compiles a subnet. Throws RangeError where its settings contradict each other. */
export function compileSubnet(subnet: Subnet): CompiledSubnet {
  const base = subnet.cidr.first;
  const size = subnet.cidr.last - base + 1;
  const toRange = (range: AddressRange): OffsetRange => {
    const first = ipv4ToNumber(range.first) - base;
    const last = ipv4ToNumber(range.last) - base;
    if (first < 0 || last >= size || first > last) {
      throw new RangeError(
        `subnet ${subnet.id}: the range ${range.first} to ${range.last} is not within ${subnet.cidr.text}`,
      );
    }
    return { first, last };
  };
  const ranges = subnet.pools.map(toRange).sort((a, b) => a.first - b.first);
  ranges.forEach((pool, index) => {
    const previous = ranges[index - 1];
    if (previous !== undefined && pool.first <= previous.last) {
      throw new RangeError(`subnet ${subnet.id}: two pools overlap at ${ipv4FromNumber(base + pool.first)}`);
    }
  });
  const forbidden = new Set<number>();
  // RFC 3021: a /31 has neither a network nor a broadcast address, and a /32 is one host.
  if (subnet.cidr.prefixLength <= 30) forbidden.add(0).add(size - 1);
  const taken = [...subnet.routers, ...subnet.relays, subnet.serverAddress, subnet.nextServer];
  for (const address of taken) {
    if (address === undefined) continue;
    const offset = ipv4ToNumber(address) - base;
    if (offset >= 0 && offset < size) forbidden.add(offset);
  }
  const excluded = subnet.exclude.map(toRange);
  const toPool = (settings: readonly Pool[], selector?: Selector): CompiledPool => {
    const own = settings.map(toRange).sort((a, b) => a.first - b.first);
    const size = countUsable(own, excluded, forbidden, base, subnet.skipOctetEdges);
    return { ranges: own, size, ...(selector !== undefined && { selector }) };
  };
  const pools = subnet.pools.flatMap((pool) =>
    pool.selector === undefined ? [] : [toPool([pool], pool.selector)],
  );
  const open = subnet.pools.filter(({ selector }) => selector === undefined);
  if (open.length > 0) pools.push(toPool(open));
  return {
    subnet,
    base,
    size,
    pools,
    poolSize: pools.reduce((sum, { size: poolSize }) => sum + poolSize, 0),
    forbidden,
    excluded,
    options: subnetOptions(subnet),
    vendorOptions: subnet.vendorOptions.map(({ options, vendorClass }) => ({
      vendorClass,
      options: encodeOptionSettings(options),
    })),
    netmask: encodeAddresses([cidrNetmask(subnet.cidr)]),
  };
}

/** Whether the last byte of the address at the offset is 0 or 255. */
export function isOctetEdge(base: number, offset: number): boolean {
  const octet = (base + offset) & 255;
  return octet === 0 || octet === 255;
}

/** Excluded ranges must not overlap. */
function countUsable(
  pools: readonly OffsetRange[],
  excluded: readonly OffsetRange[],
  forbidden: ReadonlySet<number>,
  base: number,
  skipOctetEdges: boolean,
): number {
  let count = 0;
  for (const pool of pools) {
    count += poolRangeSize(pool, base, skipOctetEdges);
    for (const { first, last } of excluded) {
      const common = { first: Math.max(first, pool.first), last: Math.min(last, pool.last) };
      if (common.first <= common.last) count -= poolRangeSize(common, base, skipOctetEdges);
    }
    for (const offset of forbidden) {
      const within = (range: OffsetRange): boolean => offset >= range.first && offset <= range.last;
      const skipped = skipOctetEdges && isOctetEdge(base, offset);
      if (within(pool) && !skipped && !excluded.some(within)) count--;
    }
  }
  return count;
}

function poolRangeSize({ first, last }: OffsetRange, base: number, skipOctetEdges: boolean): number {
  const size = last - first + 1;
  if (!skipOctetEdges) return size;
  const edgesUpTo = (value: number): number => {
    const blocks = Math.floor(value / 256);
    return 2 * blocks + (value % 256 === 255 ? 2 : 1);
  };
  const start = base + first;
  return size - (edgesUpTo(base + last) - (start === 0 ? 0 : edgesUpTo(start - 1)));
}

function subnetOptions(subnet: Subnet): DhcpOptions {
  const options = new Map<number, Uint8Array>();
  if (subnet.routers.length > 0) options.set(OptionCode.router, encodeAddresses(subnet.routers));
  if (subnet.dns.length > 0) options.set(OptionCode.domainNameServer, encodeAddresses(subnet.dns));
  if (subnet.ntp.length > 0) options.set(OptionCode.ntpServers, encodeAddresses(subnet.ntp));
  if (subnet.domain !== undefined) options.set(OptionCode.domainName, encodeText(subnet.domain));
  for (const [code, value] of encodeOptionSettings(subnet.options)) options.set(code, value);
  return options;
}
