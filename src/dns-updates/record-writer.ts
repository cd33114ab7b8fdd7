import type { Ipv4Address } from '../protocol/ipv4-address.ts';
import type { DnsRecord, DnsRecordChange } from '../provision/dns/dns-record.ts';
import type { DnsRecordStore } from '../store/dns-record-store.ts';

interface Waiting {
  readonly change: DnsRecordChange;
  readonly settle: (error?: Error) => void;
}

/** Changes within this time go into one transaction, since the disk is needed for leases first. */
const COLLECT_MS = 5;

/** Stores what is known to be in DNS, many changes at a time. */
export class RecordWriter {
  readonly #store: DnsRecordStore;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;

  constructor(store: DnsRecordStore) {
    this.#store = store;
  }

  /** Resolves when the record is durable; rejects if it could not be written. */
  put(record: DnsRecord): Promise<void> {
    return this.#write({ kind: 'put', record });
  }

  /** Like `put`, for a record that was removed. */
  delete(address: Ipv4Address): Promise<void> {
    return this.#write({ kind: 'delete', address });
  }

  /** Resolves when no change waits any more. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  #write(change: DnsRecordChange): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({
        change,
        settle: (error) => (error === undefined ? resolve() : reject(error)),
      });
      this.#running ??= this.#run();
    });
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      await new Promise((collected) => setTimeout(collected, COLLECT_MS));
      const group = this.#waiting;
      this.#waiting = [];
      let failure: Error | undefined;
      try {
        await this.#store.commitDnsRecords(group.map(({ change }) => change));
      } catch (error) {
        failure = error instanceof Error ? error : new Error(String(error));
      }
      for (const { settle } of group) settle(failure);
    }
    this.#running = undefined;
  }
}
