import { toNamePolicy } from '../config/sections/dns-updates.ts';
import { DnsUpdater } from '../dns-updates/dns-updater.ts';
import { openDnsZones } from '../dns-updates/open-dns-zones.ts';
import { formatEndpoint } from '../protocol/endpoint.ts';
import type { Ipv4Address } from '../protocol/ipv4-address.ts';
import type { LeaseEvent, LeaseListener } from '../provision/dhcp/leases/lease-event.ts';
import type { Lease } from '../provision/dhcp/leases/lease.ts';
import type { Store } from '../store/store.ts';
import type { Services } from './services.ts';
import type { Environment } from './environment.ts';

/** Those who follow leases, as settings have them. */
export class LeaseFollowers implements LeaseListener {
  readonly #dns: DnsUpdater | undefined;

  private constructor(dns: DnsUpdater | undefined) {
    this.#dns = dns;
  }

  /** Rejects with an Error that names the key file or the store that cannot be read. */
  static async open(environment: Environment, store: Store, services: Services): Promise<LeaseFollowers> {
    return new LeaseFollowers(await openDnsUpdater(environment, store, services));
  }

  leaseChanged(event: LeaseEvent): void {
    this.#dns?.leaseChanged(event);
  }

  /** The leases are loaded: what was left to be done before the restart is done now. */
  start(holderOf: (address: Ipv4Address) => Lease | undefined): void {
    this.#dns?.start(holderOf);
  }
}

async function openDnsUpdater(
  { clock, counters, log, settings }: Environment,
  store: Store,
  services: Services,
): Promise<DnsUpdater | undefined> {
  const { dns_updates: dns } = settings;
  if (toNamePolicy(dns) === undefined) return undefined;
  const zones = openDnsZones(dns.zones, () => clock.now().getTime());
  const updater = new DnsUpdater({ zones, store: store.dnsRecords, counters, log, nowMs: clock.nowMs });
  await updater.load();
  for (const { key_file: keyFile, server, zone } of dns.zones) {
    log.info({ zone, server: formatEndpoint(server), signed: keyFile !== undefined }, 'dns updates are on');
  }
  return services.add('DNS updates', updater);
}
