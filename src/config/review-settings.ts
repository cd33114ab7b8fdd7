import { isIP } from 'node:net';
import { reviewNetwork } from './review-network.ts';
import type { Settings } from './schema.ts';
import type { SettingsWarning } from './settings-warning.ts';

/** Everything in valid settings that is worth a warning: for the log at the start, and for `railhead check`. */
export function reviewSettings(settings: Settings): SettingsWarning[] {
  return [
    ...settings.networks.flatMap((network, index) =>
      reviewNetwork(network).map(({ message, path }) => ({ path: ['networks', index, ...path], message })),
    ),
    ...reviewPublicUrl(settings),
  ];
}

/** Clients resolve a name by the name servers that the DHCP server of their network tells them. */
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
          `http.public_url has the name ${host}, and network ${id} tells its machines no name server: ` +
          'HTTP Boot and iPXE cannot resolve it; set dns, or use an address in http.public_url',
      },
    ];
  });
}
