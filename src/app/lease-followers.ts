import { toNamePolicy } from '../config/sections/dns-updates.ts';
import { DnsUpdater } from '../dns-updates/dns-updater.ts';
import { DnsKeys } from '../dns-updates/dns-keys.ts';
import { formatEndpoint } from '../protocol/endpoint.ts';
import type { Ipv4Address } from '../protocol/ipv4-address.ts';
import type { LeaseEvent, LeaseListener } from '../provision/dhcp/leases/lease-event.ts';
import type { Lease } from '../provision/dhcp/leases/lease.ts';
import type { Store } from '../store/store.ts';
import { LeaseWebhooks } from '../webhooks/lease-webhooks.ts';
import { openWebhooks } from './open-webhooks.ts';
import type { Services } from './services.ts';
import type { Environment } from './environment.ts';

/** The parts that follow leases, as configured: DNS updates and webhooks. */
export class LeaseFollowers implements LeaseListener {
  readonly #dns: DnsUpdater | undefined;
  readonly #listeners: readonly LeaseListener[];

  private constructor(dns: DnsUpdater | undefined, webhooks: LeaseWebhooks | undefined) {
    this.#dns = dns;
    this.#listeners = [dns, webhooks].filter((listener) => listener !== undefined);
  }

  /** Rejects with an Error that names the key file, secret file or store that cannot be read. */
  static async open(environment: Environment, store: Store, services: Services): Promise<LeaseFollowers> {
    const webhooks = openWebhooks(environment, services);
    const dns = await openDnsUpdater(environment, store, services);
    return new LeaseFollowers(dns, webhooks && new LeaseWebhooks(webhooks));
  }

  /** Updates of DNS that wait for a server. */
  get pendingDnsUpdates(): number {
    return this.#dns?.pending ?? 0;
  }

  leaseChanged(event: LeaseEvent): void {
    for (const listener of this.#listeners) listener.leaseChanged(event);
  }

  /** Called when the leases are loaded: work that was left from before the restart is done now. */
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
  const keys = new DnsKeys(dns.zones);
  const zones = keys.openZones(() => clock.now().getTime());
  const updater = new DnsUpdater({ zones, store: store.dnsRecords, counters, log, nowMs: clock.nowMs });
  await updater.load();
  for (const { key_file: keyFile, server, zone } of dns.zones) {
    log.info({ zone, server: formatEndpoint(server), signed: keyFile !== undefined }, 'dns updates are on');
  }
  services.add('DNS updates', {
    close: () => updater.close(),
    reload: () => {
      keys.reload();
      updater.retryNow();
    },
  });
  return updater;
}
