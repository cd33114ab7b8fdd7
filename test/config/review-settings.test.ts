import { expect, test } from 'vitest';
import { reviewSettings } from '../../src/config/review-settings.ts';
import { settingsSchema } from '../../src/config/schema.ts';

/** The warnings about a network with only these settings, as `path: message`. */
function warnings(network: object, rest: object = {}): string[] {
  const settings = settingsSchema.parse({
    networks: [
      { id: 'rack', cidr: '10.20.0.0/24', mode: 'full', pools: ['10.20.0.50-10.20.0.60'], ...network },
    ],
    ...rest,
  });
  return reviewSettings(settings).map(({ message, path }) => `${path.join('.')}: ${message}`);
}

const route = (destination: string, router: string): object => ({ destination, router });
const routes = (code: number, ...value: object[]): object => ({
  routers: ['10.20.0.1'],
  options: [{ code, type: 'classless-routes', value }],
});

test.each<[what: string, network: object, expected: string | undefined]>([
  ['a plain network', {}, undefined],
  ['a proxy', { mode: 'proxy', pools: [] }, undefined],
  [
    'a /31',
    { cidr: '10.20.0.0/31', pools: [], allow_unknown: 'ignore' },
    'networks.0.cidr: UEFI firmware refuses leases in a /31 (10.20.0.0/31): use a /30 or larger',
  ],
  ['pools beside a proxy', { mode: 'proxy' }, 'networks.0.pools: mode proxy uses no pools'],
  ['no pool, and unknown clients are answered', { pools: [] }, 'networks.0.mode: there is no pool'],
  ['no pool, and unknown clients are not answered', { pools: [], allow_unknown: 'ignore' }, undefined],
  [
    'auto without a pool',
    { mode: 'auto', pools: [], allow_auto_full: true },
    'networks.0.allow_auto_full: does nothing without a pool',
  ],
  [
    'a router outside the network, which exists in some networks',
    { routers: ['10.99.0.1'] },
    'networks.0.routers.0: router 10.99.0.1 is outside of 10.20.0.0/24',
  ],
  [
    'a link-local gateway',
    { routers: ['169.254.1.1'] },
    'networks.0.routers.0: router 169.254.1.1 is outside of',
  ],
  [
    'the network address as the router',
    { routers: ['10.20.0.0'] },
    'networks.0.routers.0: router 10.20.0.0 is the network or broadcast address of 10.20.0.0/24',
  ],
  [
    'the broadcast address as the router',
    { routers: ['10.20.0.255'] },
    'networks.0.routers.0: router 10.20.0.255 is the network or broadcast address of 10.20.0.0/24',
  ],
  [
    'the broadcast address as a name server',
    { dns: ['10.20.0.255'] },
    'networks.0.dns.0: 10.20.0.255 is the network or broadcast address of 10.20.0.0/24, which no host has',
  ],
  [
    'the network address as a time server',
    { ntp: ['10.20.0.0'] },
    'networks.0.ntp.0: 10.20.0.0 is the network or broadcast address',
  ],
  [
    'the broadcast address as the TFTP server',
    { next_server: '10.20.0.255' },
    'networks.0.next_server: 10.20.0.255 is the network or broadcast address',
  ],
  [
    "the network address as the server's own",
    { server_address: '10.20.0.0' },
    'networks.0.server_address: 10.20.0.0 is the network or broadcast address',
  ],
  ['the end of another network as a name server', { dns: ['10.21.0.255'] }, undefined],
  [
    'a router in a pool',
    { routers: ['10.20.0.55'] },
    'networks.0.routers.0: router 10.20.0.55 is inside a pool',
  ],
  ['a short boot lease', { boot_lease_seconds: 30 }, 'networks.0.boot_lease_seconds: a boot lease of 30 s'],
  [
    'a boot file',
    { options: [{ code: 67, value: 'x' }] },
    'networks.0.options.0: option 67 is sent only to clients that are not booting',
  ],
  [
    'option 121 without the default route',
    routes(121, route('10.5.1.0/24', '10.20.0.8')),
    'networks.0.options.0: routers is ignored by clients that support option 121 (RFC 3442), which then have no default route: add {destination: 0.0.0.0/0, router: 10.20.0.1} to it',
  ],
  [
    'option 249, its predecessor, without the default route',
    routes(249, route('10.5.1.0/24', '10.20.0.8')),
    'networks.0.options.0: routers is ignored by clients that support option 249',
  ],
  [
    'the same as bytes',
    { routers: ['10.20.0.1'], options: [{ code: 249, type: 'hex', value: '18 0a0501 0a140008' }] },
    'networks.0.options.0: routers is ignored by clients that support option 249',
  ],
  [
    'option 121 with the default route',
    routes(121, route('10.5.1.0/24', '10.20.0.8'), route('0.0.0.0/0', '10.20.0.1')),
    undefined,
  ],
  [
    'option 121 with the default route in two halves',
    routes(121, route('0.0.0.0/1', '10.20.0.1'), route('128.0.0.0/1', '10.20.0.1')),
    undefined,
  ],
  [
    'option 121 with one half of the default route, twice',
    routes(121, route('0.0.0.0/1', '10.20.0.1'), route('0.0.0.0/1', '10.20.0.8')),
    'networks.0.options.0: routers is ignored by clients that support option 121',
  ],
  [
    'option 121 where there is no router',
    { ...routes(121, route('10.5.1.0/24', '10.20.0.8')), routers: [] },
    undefined,
  ],
  [
    'a route through an address outside the network',
    routes(121, route('0.0.0.0/0', '10.20.0.1'), route('10.5.1.0/24', '10.99.0.8')),
    'networks.0.options.0: the route to 10.5.1.0/24 leads through 10.99.0.8, which is not within 10.20.0.0/24',
  ],
  [
    'a route on the link',
    routes(121, route('0.0.0.0/0', '10.20.0.1'), route('10.5.1.0/24', '0.0.0.0')),
    undefined,
  ],
])('%s', (_what, network, expected) => {
  const found = warnings(network);
  expect(found).toHaveLength(expected === undefined ? 0 : 1);
  if (expected !== undefined) expect(found[0]).toContain(expected);
});

test.each<[url: string, network: object, warns: boolean]>([
  ['http://boot.example.com:8080', {}, true],
  ['http://boot.example.com:8080', { dns: ['10.20.0.2'] }, false],
  ['http://boot.example.com:8080', { options: [{ code: 6, value: ['10.20.0.2'] }] }, false],
  ['http://boot.example.com:8080', { mode: 'proxy', pools: [] }, false],
  ['http://10.20.0.1:8080', {}, false],
  ['http://[2001:db8::1]:8080', {}, false],
])('public_url %s in a network %j: warns %s', (url, network, warns) => {
  const found = warnings(network, { http: { public_url: url } });
  expect(found).toHaveLength(warns ? 1 : 0);
  if (warns)
    expect(found[0]).toContain(
      'has the host name boot.example.com, but network rack sends its machines no name server',
    );
});
