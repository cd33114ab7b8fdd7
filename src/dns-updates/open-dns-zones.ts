import type { DnsName } from '../protocol/dns/dns-name.ts';
import type { Endpoint } from '../protocol/endpoint.ts';
import { exchangeUpdate } from './dns-exchange.ts';
import type { DnsZone } from './dns-zone.ts';
import { readTsigKey } from './tsig-key.ts';

/** A zone as settings name it. */
export interface DnsZoneSettings {
  readonly zone: DnsName;
  readonly server: Endpoint;
  readonly key_file?: string | undefined;
}

/**
 * The zones with their servers and keys. `nowMs` is the wall clock, which signatures carry. Throws an Error that names
 * the key file that cannot be read.
 */
export function openDnsZones(settings: readonly DnsZoneSettings[], nowMs: () => number): DnsZone[] {
  return settings.map(({ key_file: file, server, zone }) => {
    const key = file === undefined ? undefined : readTsigKey(file);
    const target = { endpoint: server, ...(key !== undefined && { key }) };
    return { name: zone, exchange: (update) => exchangeUpdate(target, update, nowMs) };
  });
}
