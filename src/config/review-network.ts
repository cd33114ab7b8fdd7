import {
  CLASSLESS_ROUTE_OPTIONS,
  type ClasslessRoute,
  decodeClasslessRoutes,
  hasDefaultRoute,
} from '../protocol/dhcp/classless-routes.ts';
import { encodeOptionValue } from '../protocol/dhcp/option-value.ts';
import { type Ipv4Address, ipv4ToNumber, UNSPECIFIED_ADDRESS } from '../protocol/ipv4-address.ts';
import { cidrContains, type Ipv4Cidr } from '../protocol/ipv4-cidr.ts';
import { MalformedMessage } from '../protocol/malformed-message.ts';
import type { Settings } from './schema.ts';
import type { SettingsWarning } from './settings-warning.ts';

type Network = Settings['networks'][number];

const ROUTER = 3;
const BOOT_LEASE_SECONDS_MIN = 60;

/**
 * Warnings about a network's settings that are valid but probably not what their author wants; paths are within the
 * network.
 */
export function reviewNetwork(network: Network): SettingsWarning[] {
  return [
    ...reviewMode(network),
    ...reviewRouters(network),
    ...reviewServers(network),
    ...reviewRoutes(network),
    ...reviewBootOptions(network),
  ];
}

function reviewMode(network: Network): SettingsWarning[] {
  const { cidr, mode, pools } = network;
  const leases = mode === 'full' || mode === 'auto';
  const warnings: SettingsWarning[] = [];
  if (leases && cidr.prefixLength >= 31) {
    // tianocore/edk2#8557.
    warnings.push({
      path: ['cidr'],
      message: `UEFI firmware refuses leases in a /${cidr.prefixLength} (${cidr.text}): use a /30 or larger`,
    });
  }
  if (mode === 'proxy' && pools.length > 0) {
    warnings.push({
      path: ['pools'],
      message: 'mode proxy uses no pools, since another server leases: remove them, or set mode full',
    });
  }
  if (mode === 'full' && pools.length === 0 && network.allow_unknown === 'discover') {
    warnings.push({
      path: ['mode'],
      message:
        'there is no pool, so machines without a reserved address get no address; add a pool if they should get one',
    });
  }
  if (mode === 'auto' && network.allow_auto_full && pools.length === 0) {
    warnings.push({ path: ['allow_auto_full'], message: 'does nothing without a pool: add one' });
  }
  if (leases && network.boot_lease_seconds < BOOT_LEASE_SECONDS_MIN) {
    warnings.push({
      path: ['boot_lease_seconds'],
      message: `a boot lease of ${network.boot_lease_seconds} s may end before iPXE is done: use 60 or more`,
    });
  }
  return warnings;
}

/** Gateways outside the network exist (on-link routes, link-local addresses), but most are typing mistakes. */
function reviewRouters({ cidr, pools, routers }: Network): SettingsWarning[] {
  return routers.flatMap((router, index): SettingsWarning[] => {
    const path = ['routers', index];
    if (!cidrContains(cidr, router)) {
      const message = `router ${router} is outside of ${cidr.text}: only clients with an on-link route to it can reach it`;
      return [{ path, message }];
    }
    const value = ipv4ToNumber(router);
    if (isEdge(cidr, router)) {
      const message = `router ${router} is the network or broadcast address of ${cidr.text}, which no router has`;
      return [{ path, message }];
    }
    const inPool = pools.some(
      ({ first, last }) => value >= ipv4ToNumber(first) && value <= ipv4ToNumber(last),
    );
    return inPool
      ? [{ path, message: `router ${router} is inside a pool; this address is never leased` }]
      : [];
  });
}

function reviewServers({
  cidr,
  dns,
  next_server: next,
  ntp,
  server_address: own,
}: Network): SettingsWarning[] {
  const given: readonly (readonly [path: readonly PropertyKey[], address: Ipv4Address | undefined])[] = [
    ...dns.map((address, index) => [['dns', index], address] as const),
    ...ntp.map((address, index) => [['ntp', index], address] as const),
    [['server_address'], own],
    [['next_server'], next],
  ];
  return given.flatMap(([path, address]) => {
    if (address === undefined || !isEdge(cidr, address)) return [];
    const message = `${address} is the network or broadcast address of ${cidr.text}, which no host has`;
    return [{ path, message }];
  });
}

/** Whether the address is the network or broadcast address. RFC 3021: a /31 has neither of the two. */
function isEdge(cidr: Ipv4Cidr, address: Ipv4Address): boolean {
  const value = ipv4ToNumber(address);
  return cidr.prefixLength < 31 && (value === cidr.first || value === cidr.last);
}

/** RFC 3442: a client that uses classless routes ignores option 3, so they must include the default route. */
function reviewRoutes({ cidr, options, routers }: Network): SettingsWarning[] {
  const hasRouter = routers.length > 0 || options.some(({ code }) => code === ROUTER);
  const gateway = routers[0] ?? '(the router)';
  return options.flatMap((option, index): SettingsWarning[] => {
    if (!CLASSLESS_ROUTE_OPTIONS.includes(option.code)) return [];
    const routes = readRoutes(encodeOptionValue(option.value));
    const path = ['options', index];
    if (routes === undefined)
      return [{ path, message: `option ${option.code} is not a list of classless routes` }];
    const warnings = routes
      .filter(({ router }) => router !== UNSPECIFIED_ADDRESS && !cidrContains(cidr, router))
      .map(({ destination, router }) => ({
        path,
        message: `the route to ${destination.text} leads through ${router}, which is not within ${cidr.text}`,
      }));
    if (!hasRouter || hasDefaultRoute(routes)) return warnings;
    const message =
      `routers is ignored by clients that support option ${option.code} (RFC 3442), which then have no default route: ` +
      `add {destination: 0.0.0.0/0, router: ${gateway}} to it`;
    return [...warnings, { path, message }];
  });
}

function readRoutes(bytes: Uint8Array): readonly ClasslessRoute[] | undefined {
  try {
    return decodeClasslessRoutes(bytes);
  } catch (error) {
    if (error instanceof MalformedMessage) return undefined;
    throw error;
  }
}

function reviewBootOptions({ options }: Network): SettingsWarning[] {
  return options.flatMap(({ code }, index) =>
    code === 66 || code === 67
      ? [
          {
            path: ['options', index],
            message: `option ${code} is sent only to clients that are not booting: PXE, iPXE and UEFI HTTP Boot clients get it from the catalog`,
          },
        ]
      : [],
  );
}
