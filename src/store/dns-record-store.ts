import type { DnsRecord, DnsRecordChange } from '../provision/dns/dns-record.ts';

/** Keeps what was put into DNS, so that it is found and removed after a restart. */
export interface DnsRecordStore {
  loadDnsRecords(): Promise<DnsRecord[]>;
  /** Writes all changes in one transaction, the later over the earlier. Resolves once they are durable. */
  commitDnsRecords(changes: readonly DnsRecordChange[]): Promise<void>;
}
