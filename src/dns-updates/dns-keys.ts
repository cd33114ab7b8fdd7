import type { DnsName } from '../protocol/dns/dns-name.ts';
import type { TsigKey } from '../protocol/dns/tsig.ts';
import type { Endpoint } from '../protocol/endpoint.ts';
import { exchangeUpdate } from './dns-exchange.ts';
import type { DnsZone } from './dns-zone.ts';
import { readTsigKey } from './tsig-key.ts';

/** A zone as the settings name it. */
export interface DnsZoneSettings {
  readonly zone: DnsName;
  readonly server: Endpoint;
  readonly key_file?: string | undefined;
}

/** The zones to update, and the keys that sign updates, which are read from files. */
export class DnsKeys {
  readonly #zones: readonly DnsZoneSettings[];
  /** By file. */
  #keys: ReadonlyMap<string, TsigKey>;

  /** Throws an Error that names the key file that cannot be read. */
  constructor(zones: readonly DnsZoneSettings[]) {
    this.#zones = zones;
    this.#keys = readKeys(zones);
  }

  /** Reads all key files again. Throws like the constructor, and then the previous keys stay in use. */
  reload(): void {
    this.#keys = readKeys(this.#zones);
  }

  /**
   * The zones; each update is signed with the key that is current at that moment. `nowMs` is the wall clock, which
   * signatures contain.
   */
  openZones(nowMs: () => number): DnsZone[] {
    return this.#zones.map(({ key_file: file, server, zone }) => ({
      name: zone,
      exchange: (update) => {
        const key = file === undefined ? undefined : this.#keys.get(file);
        return exchangeUpdate({ endpoint: server, ...(key !== undefined && { key }) }, update, nowMs);
      },
    }));
  }
}

function readKeys(zones: readonly DnsZoneSettings[]): Map<string, TsigKey> {
  const files = zones.flatMap(({ key_file: file }) => (file === undefined ? [] : [file]));
  return new Map([...new Set(files)].map((file) => [file, readTsigKey(file)]));
}
