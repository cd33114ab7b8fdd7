import { describe, expect, test } from 'vitest';
import { type DnsName, parseDnsName } from '../../src/protocol/dns/dns-name.ts';
import { type Ipv4Address, parseIpv4 } from '../../src/protocol/ipv4-address.ts';
import type { DnsRecord } from '../../src/provision/dns/dns-record.ts';
import { type MakePlace, StoreUnderTest } from './store-place.ts';

const address = (text: string): Ipv4Address => parseIpv4(text)!;
const name = (text: string): DnsName => parseDnsName(text)!;
const recordOf = (text: string, changes: Partial<DnsRecord> = {}): DnsRecord => ({
  address: address(text),
  name: name('web1.rack1.example.com'),
  dhcid: '000001aa',
  ttlSeconds: 600,
  forward: true,
  reverse: false,
  forwardPresence: 'present',
  reversePresence: 'absent',
  ...changes,
});

/** What every DnsRecordStore must do. */
export function describeDnsRecordStore(makePlace: MakePlace): void {
  describe('records in DNS', () => {
    const under = new StoreUnderTest(makePlace);

    test('an empty store has none, which is not an error', async () => {
      expect(await under.store.dnsRecords.loadDnsRecords()).toEqual([]);
    });

    test('records are stored by address, later ones override earlier ones, also after the store is opened again', async () => {
      await under.store.dnsRecords.commitDnsRecords([
        { kind: 'put', record: recordOf('10.0.1.1', { forwardPresence: 'unsure' }) },
        { kind: 'put', record: recordOf('10.0.1.2') },
        { kind: 'put', record: recordOf('10.0.1.1') },
      ]);
      await under.reopen();
      expect(await under.store.dnsRecords.loadDnsRecords()).toEqual([
        recordOf('10.0.1.1'),
        recordOf('10.0.1.2'),
      ]);
    });

    test('a deleted record is not listed, and deleting a missing one is not an error', async () => {
      await under.store.dnsRecords.commitDnsRecords([{ kind: 'put', record: recordOf('10.0.1.1') }]);
      await under.store.dnsRecords.commitDnsRecords([
        { kind: 'delete', address: address('10.0.1.1') },
        { kind: 'delete', address: address('10.0.1.9') },
      ]);
      expect(await under.store.dnsRecords.loadDnsRecords()).toEqual([]);
    });
  });
}
