import type { DnsRecord, DnsRecordChange } from '../provision/dns/dns-record.ts';

/** Stores what was put into DNS, so that it can be removed after a restart. */
export interface DnsRecordStore {
  loadDnsRecords(): Promise<DnsRecord[]>;
  /** Writes all changes in one transaction; later changes override earlier ones. Resolves once they are durable. */
  commitDnsRecords(changes: readonly DnsRecordChange[]): Promise<void>;
}
