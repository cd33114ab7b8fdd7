import { type DnsName, isWithinZone, reverseNameOf } from '../protocol/dns/dns-name.ts';
import type { DnsUpdate } from '../protocol/dns/dns-update.ts';
import type { Ipv4Address } from '../protocol/ipv4-address.ts';
import { type DnsUpdateTask, taskName } from '../provision/dns/dns-record.ts';

/** A zone that may be updated. */
export interface DnsZone {
  readonly name: DnsName;
  /** Sends an update to the zone's server; resolves with the response code, rejects with DnsExchangeError. */
  readonly exchange: (update: DnsUpdate) => Promise<number>;
}

/** The zone that a task changes: the most specific one that contains its name, or that of the address. */
export function zoneOf(
  task: DnsUpdateTask,
  address: Ipv4Address,
  zones: readonly DnsZone[],
): DnsZone | undefined {
  const isForward = task.kind === 'add_forward' || task.kind === 'remove_forward';
  const name = isForward ? taskName(task) : reverseNameOf(address);
  return zones
    .filter((zone) => isWithinZone(name, zone.name))
    .reduce<DnsZone | undefined>(
      (best, zone) => (best === undefined || zone.name.length > best.name.length ? zone : best),
      undefined,
    );
}
