import { isIP } from 'node:net';
import { isWithinZone, parseDnsName } from '../protocol/dns/dns-name.ts';
import { reviewNetwork } from './review-network.ts';
import type { Settings } from './schema.ts';
import type { SettingsWarning } from './settings-warning.ts';

/** All warnings about valid settings: for the log at the start, and for `railhead check`. */
export function reviewSettings(settings: Settings): SettingsWarning[] {
  return [
    ...settings.networks.flatMap((network, index) =>
      reviewNetwork(network).map(({ message, path }) => ({ path: ['networks', index, ...path], message })),
    ),
    ...reviewPublicUrl(settings),
    ...reviewDnsUpdates(settings),
  ];
}

/** A network's machines get names in its domain only if that is in a zone that is updated. */
function reviewDnsUpdates({ dns_updates: { zones }, networks }: Settings): SettingsWarning[] {
  if (zones.length === 0) return [];
  return networks.flatMap(({ domain, id, mode }, index) => {
    if (mode === 'proxy' || mode === 'off') return [];
    const name = domain === undefined ? undefined : parseDnsName(domain);
    if (name !== undefined && zones.some(({ zone }) => isWithinZone(name, zone))) return [];
    const what =
      domain === undefined ? 'has no domain' : `has the domain ${domain}, which is in no zone of dns_updates`;
    return [
      {
        path: ['networks', index, 'domain'],
        message: `network ${id} ${what}, so its machines get no name in DNS; set domain to one within a zone of dns_updates`,
      },
    ];
  });
}

/** Clients resolve names with the name servers that their network's DHCP server sends. */
function reviewPublicUrl({ http, networks }: Settings): SettingsWarning[] {
  const host = http.public_url === undefined ? '' : new URL(http.public_url).hostname;
  if (host === '' || isIP(host.replace(/^\[|\]$/g, '')) !== 0) return [];
  return networks.flatMap(({ dns, id, mode, options }, index) => {
    const leases = mode === 'full' || mode === 'auto';
    if (!leases || dns.length > 0 || options.some(({ code }) => code === 6)) return [];
    return [
      {
        path: ['networks', index],
        message:
          `http.public_url has the host name ${host}, but network ${id} sends its machines no name server: ` +
          'HTTP Boot and iPXE cannot resolve it; set dns, or use an address in http.public_url',
      },
    ];
  });
}
