import { repeatedOptions } from '../protocol/dhcp/option-setting.ts';
import { hostAddressFault, isLoopback } from '../protocol/host-address.ts';
import { parseIpv4 } from '../protocol/ipv4-address.ts';
import { cidrContains } from '../protocol/ipv4-cidr.ts';
import type { Settings } from './schema.ts';

/** A mistake that appears only when several settings are compared. */
export interface SettingsConflict {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** Finds combinations of settings that cannot work, or would be dangerous. */
export function checkSettings(settings: Settings): SettingsConflict[] {
  return [
    ...checkNetworks(settings.networks),
    ...checkDhcp(settings),
    ...checkTftp(settings),
    ...checkPublicUrl(settings),
    ...checkDnsUpdates(settings),
  ];
}

function checkNetworks(networks: Settings['networks']): SettingsConflict[] {
  const conflicts: SettingsConflict[] = [];
  networks.forEach((network, index) => {
    const { cidr, id } = network;
    for (const other of networks.slice(0, index)) {
      if (other.id === id)
        conflicts.push({
          path: ['networks', index, 'id'],
          message: `id ${id} is already used by another network`,
        });
      if (other.cidr.first <= cidr.last && cidr.first <= other.cidr.last) {
        conflicts.push({
          path: ['networks', index, 'cidr'],
          message: `${cidr.text} overlaps ${other.cidr.text} of ${other.id}`,
        });
      }
    }
    for (const key of ['pools', 'exclude'] as const) {
      network[key].forEach(({ first, last }, at) => {
        if (!cidrContains(cidr, first) || !cidrContains(cidr, last)) {
          conflicts.push({
            path: ['networks', index, key, at],
            message: `${first}-${last} is not inside ${cidr.text}`,
          });
        }
      });
    }
    conflicts.push(...checkOptions(network, index));
    network.relays.forEach((relay, at) => {
      const other = networks.slice(0, index).find(({ relays }) => relays.includes(relay));
      if (other === undefined) return;
      conflicts.push({
        path: ['networks', index, 'relays', at],
        message: `relay ${relay} is already a relay of ${other.id}; if it serves both networks, have it send option 82.5 (link selection) and set dhcp.trust_link_selection`,
      });
    });
    if (network.boot_lease_seconds > network.lease_seconds) {
      conflicts.push({
        path: ['networks', index, 'boot_lease_seconds'],
        message: 'is longer than lease_seconds',
      });
    }
  });
  return conflicts;
}

/** Options that have their own key in a network. */
const OPTION_KEYS = { 3: 'routers', 6: 'dns', 15: 'domain', 42: 'ntp' } as const;

/** An option that is given twice would be sent once, and it would not be clear which value is used. */
function checkOptions(network: Settings['networks'][number], index: number): SettingsConflict[] {
  const at = (option: number): readonly PropertyKey[] => ['networks', index, 'options', option, 'code'];
  const twice = repeatedOptions(network.options).map((repeated) => ({
    path: at(repeated.index),
    message: `option ${repeated.code} is given twice: keep one of them`,
  }));
  const beside = Object.entries(OPTION_KEYS).flatMap(([text, key]) => {
    const given = network[key] ?? [];
    const option = network.options.findIndex(({ code }) => code === Number(text));
    if (given.length === 0 || option < 0) return [];
    return [{ path: at(option), message: `option ${text} is given by ${key} as well: keep one of them` }];
  });
  return [...twice, ...beside];
}

function checkDhcp({ dhcp, networks }: Settings): SettingsConflict[] {
  if (dhcp.interfaces.length === 0 || networks.length > 0) return [];
  return [
    {
      path: ['dhcp', 'interfaces'],
      message: 'DHCP is on, but networks: is empty; declare the networks to serve',
    },
  ];
}

function checkDnsUpdates({ dns_updates: { zones } }: Settings): SettingsConflict[] {
  return zones.flatMap(({ zone }, index) => {
    const isTaken = zones.slice(0, index).some((other) => other.zone === zone);
    return isTaken
      ? [{ path: ['dns_updates', 'zones', index, 'zone'], message: `${zone} is already named` }]
      : [];
  });
}

/** Machines load the URL, so its host must not be one by which each machine reaches itself, or nobody. */
function checkPublicUrl({ http: { public_url: url }, networks }: Settings): SettingsConflict[] {
  if (url === undefined) return [];
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
  const fault = publicHostFault(host, networks.length > 0);
  if (fault === undefined) return [];
  const message = `machines load this URL, and ${host} ${fault}: use an address of this host`;
  return [{ path: ['http', 'public_url'], message }];
}

/** Without networks the server may be one that only its own host uses. */
function publicHostFault(host: string, hasNetworks: boolean): string | undefined {
  const address = parseIpv4(host);
  const isOwn = host === 'localhost' || host === '::1' || (address !== undefined && isLoopback(address));
  if (isOwn) return hasNetworks ? 'is each machine itself' : undefined;
  if (host === '::' || /^ff[0-9a-f]{2}:/.test(host)) return 'is no address of a host';
  return address && hostAddressFault(address);
}

function checkTftp({ tftp: { port_range: range } }: Settings): SettingsConflict[] {
  if (range === undefined || range[0] <= range[1]) return [];
  return [{ path: ['tftp', 'port_range'], message: `begins at ${range[0]} and ends at ${range[1]}` }];
}
