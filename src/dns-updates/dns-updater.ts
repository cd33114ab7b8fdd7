import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import type { Counters } from '../limits/counters.ts';
import { LineBudget, TROUBLE_LINES } from '../log/line-budget.ts';
import { dhcidRdata } from '../protocol/dns/dhcid.ts';
import type { DnsName } from '../protocol/dns/dns-name.ts';
import type { Ipv4Address } from '../protocol/ipv4-address.ts';
import type { Lease } from '../provision/dhcp/leases/lease.ts';
import type { LeaseEvent, LeaseListener } from '../provision/dhcp/leases/lease-event.ts';
import {
  type DnsRecord,
  type DnsTask,
  type DnsUpdateTask,
  isSameName,
  nextDnsTask,
  recordAfter,
  recordBefore,
  taskName,
  type WantedName,
} from '../provision/dns/dns-record.ts';
import { leaseIdentity } from '../provision/dns/lease-identity.ts';
import type { LeaseName } from '../provision/dns/lease-name.ts';
import type { DnsRecordStore } from '../store/dns-record-store.ts';
import { runDnsTask, type TaskOutcome } from './dns-task.ts';
import { type DnsZone, zoneOf } from './dns-zone.ts';
import { RecordWriter } from './record-writer.ts';
import { ZoneGate } from './zone-gate.ts';

/** What an updater depends on. */
export interface DnsUpdaterParts {
  readonly zones: readonly DnsZone[];
  readonly store: DnsRecordStore;
  readonly counters: Counters;
  readonly log: Logger;
  /** Milliseconds of a monotonic clock, for the log's limits. */
  readonly nowMs: () => number;
}

/**
 * Maximum number of simultaneous updates: few, so that DHCP keeps the processor, and enough for a server some
 * milliseconds away.
 */
const RUNNING_MAX = 16;
/** How long to wait before an update that a server refused is tried again, in milliseconds; it doubles each time. */
const RETRY_MS_MIN = 2_000;
const RETRY_MS_MAX = 300_000;
/** How long a running update may take when the program ends. */
const CLOSE_GRACE_MS = 2_000;

/** The known and the wanted state of one address. */
interface Entry {
  readonly address: Ipv4Address;
  wanted: WantedName | undefined;
  record: DnsRecord | undefined;
  /** The wanted name was found to belong to another client. */
  conflict: boolean;
  running: boolean;
  retries: number;
  retryTimer: NodeJS.Timeout | undefined;
}

/**
 * Keeps DNS consistent with the leases (RFC 4703). For each address it knows what DNS has and what it should have, and
 * removes the difference one update at a time: however long a server is unreachable, only the latest state of each
 * address waits. Updates of one name are made one after the other. DHCP never waits for any of this.
 */
export class DnsUpdater implements LeaseListener {
  readonly #parts: DnsUpdaterParts;
  readonly #writer: RecordWriter;
  readonly #gates: ReadonlyMap<DnsZone, ZoneGate>;
  readonly #entries = new Map<Ipv4Address, Entry>();
  /** Addresses for which an update can be sent now. */
  readonly #ready = new Set<Ipv4Address>();
  /** Names with a running update, and the addresses that wait for its end. */
  readonly #busyNames = new Map<DnsName, Ipv4Address[]>();
  readonly #lines: LineBudget;
  readonly #tasks = new Set<Promise<void>>();
  #pumping = false;
  #closed = false;

  constructor(parts: DnsUpdaterParts) {
    this.#parts = parts;
    this.#writer = new RecordWriter(parts.store);
    this.#lines = new LineBudget(parts.log, 'failed dns updates', TROUBLE_LINES);
    this.#gates = new Map(
      parts.zones.map((zone) => [zone, new ZoneGate((address) => this.#makeReady(address))]),
    );
  }

  /** Reads what was put into DNS before the restart. Call it before the first lease. Rejects if the store fails. */
  async load(): Promise<void> {
    for (const record of await this.#parts.store.loadDnsRecords()) {
      this.#entryOf(record.address).record = record;
    }
  }

  /**
   * Starts working. Records in DNS of leases that no longer exist are removed; `holderOf` finds the lease of an
   * address. Call it once the leases are loaded.
   */
  start(holderOf: (address: Ipv4Address) => Lease | undefined): void {
    for (const entry of this.#entries.values()) {
      const { address, record } = entry;
      const lease = holderOf(address);
      const isItsLease = record && lease?.state === 'bound' && dhcidOf(lease, record.name) === record.dhcid;
      if (isItsLease === true) entry.wanted ??= record;
      this.#makeReady(address);
    }
  }

  leaseChanged(event: LeaseEvent): void {
    switch (event.kind) {
      case 'bound':
        this.#want(event.lease.address, wantedName(event.lease, event.name));
        break;
      case 'renewed':
        // A client that sends no name this time keeps its previous one.
        if (event.name !== undefined) this.#want(event.lease.address, wantedName(event.lease, event.name));
        break;
      case 'freed':
        this.#want(event.address, undefined);
        break;
      default:
        this.#want(event.lease.address, undefined);
    }
  }

  /** Tries waiting updates at once: the cause of their failure may be gone, for example after a change of the key. */
  retryNow(): void {
    for (const entry of this.#entries.values()) {
      if (entry.retryTimer === undefined) continue;
      this.#endRetry(entry);
      this.#makeReady(entry.address);
    }
    for (const gate of this.#gates.values()) gate.tryNow();
  }

  /** Addresses whose DNS records are not as they should be. */
  get pending(): number {
    let pending = 0;
    for (const entry of this.#entries.values()) if (this.#taskOf(entry).kind !== 'rest') pending++;
    return pending;
  }

  /** Finishes running updates, and records what is left for the next start. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const gate of this.#gates.values()) gate.close();
    for (const entry of this.#entries.values()) clearTimeout(entry.retryTimer);
    const grace = new Promise((over) => setTimeout(over, CLOSE_GRACE_MS).unref());
    await Promise.race([Promise.allSettled(this.#tasks), grace]);
    for (const entry of this.#entries.values()) {
      const task = this.#taskOf(entry);
      if (task.kind !== 'add_forward' && task.kind !== 'add_reverse') continue;
      void this.#writer.put(recordBefore(task, entry.address, entry.record)).catch(() => undefined);
    }
    await this.#writer.idle();
    this.#lines.end();
  }

  #want(address: Ipv4Address, wanted: WantedName | undefined): void {
    const known = this.#entries.get(address);
    if (known === undefined && wanted === undefined) return;
    const entry = known ?? this.#entryOf(address);
    const isNew = !isSameName(entry.wanted, wanted);
    entry.wanted = wanted;
    // At a renewal it is checked again whether the name has become free.
    entry.conflict = false;
    if (isNew) this.#endRetry(entry);
    if (entry.retryTimer === undefined) this.#makeReady(address);
  }

  #entryOf(address: Ipv4Address): Entry {
    const known = this.#entries.get(address);
    if (known !== undefined) return known;
    const entry: Entry = {
      address,
      wanted: undefined,
      record: undefined,
      conflict: false,
      running: false,
      retries: 0,
      retryTimer: undefined,
    };
    this.#entries.set(address, entry);
    return entry;
  }

  #taskOf({ conflict, record, wanted }: Entry): DnsTask {
    return nextDnsTask(wanted, record, conflict);
  }

  #makeReady(address: Ipv4Address): void {
    this.#ready.add(address);
    if (this.#pumping || this.#closed) return;
    this.#pumping = true;
    // The other packets of this turn of the event loop come first.
    setImmediate(() => {
      this.#pumping = false;
      this.#pump();
    });
  }

  #pump(): void {
    for (const address of this.#ready) {
      if (this.#tasks.size >= RUNNING_MAX || this.#closed) return;
      this.#ready.delete(address);
      const entry = this.#entries.get(address);
      if (entry !== undefined && !entry.running) this.#begin(entry);
    }
  }

  /** Begins the next update of an address, unless it has to wait for its zone or its name. */
  #begin(entry: Entry): void {
    const task = this.#taskOf(entry);
    if (task.kind === 'rest') {
      if (entry.wanted === undefined) this.#entries.delete(entry.address);
      return;
    }
    if (task.kind === 'forget') {
      this.#track(entry, undefined, this.#forget(entry));
      return;
    }
    const name = taskName(task);
    const waiting = this.#busyNames.get(name);
    if (waiting !== undefined) {
      waiting.push(entry.address);
      return;
    }
    const zone = zoneOf(task, entry.address, this.#parts.zones);
    const gate = zone && this.#gates.get(zone);
    if (gate?.admit(entry.address) === false) return;
    this.#busyNames.set(name, []);
    this.#track(entry, name, this.#run(entry, task, zone, gate));
  }

  #track(entry: Entry, name: DnsName | undefined, work: Promise<void>): void {
    entry.running = true;
    const tracked = work.finally(() => {
      entry.running = false;
      this.#tasks.delete(tracked);
      if (name !== undefined) {
        for (const address of this.#busyNames.get(name) ?? []) this.#makeReady(address);
        this.#busyNames.delete(name);
      }
      if (entry.retryTimer === undefined) this.#makeReady(entry.address);
      this.#pump();
    });
    this.#tasks.add(tracked);
  }

  async #forget(entry: Entry): Promise<void> {
    try {
      await this.#writer.delete(entry.address);
      entry.record = undefined;
    } catch (error) {
      this.#retryLater(entry, { kind: 'forget' }, 'store_failed', { err: error });
    }
  }

  async #run(
    entry: Entry,
    task: DnsUpdateTask,
    zone: DnsZone | undefined,
    gate: ZoneGate | undefined,
  ): Promise<void> {
    try {
      // What may be in DNS is recorded before it is sent, so that it is removed even after a crash.
      const before = recordBefore(task, entry.address, entry.record);
      if (!isDeepStrictEqual(before, entry.record)) await this.#writer.put(before);
      entry.record = before;
      // A zone that the settings no longer contain must not be changed.
      const outcome: TaskOutcome =
        zone === undefined ? { kind: 'done' } : await runDnsTask(task, entry.address, zone);
      if (outcome.kind === 'no_answer') {
        gate?.failed(entry.address);
        this.#note(entry, task, 'no_answer', { zone: zone?.name, reason: outcome.reason });
        return;
      }
      gate?.passed();
      if (outcome.kind === 'refused') {
        this.#retryLater(entry, task, 'refused', { zone: zone?.name, answer: outcome.rcode });
        return;
      }
      this.#endRetry(entry);
      this.#conclude(entry, task, outcome.kind);
      // If this fails, the record still says "unsure", which only causes a needless update after a restart.
      await this.#writer.put(entry.record);
    } catch (error) {
      gate?.passed();
      this.#retryLater(entry, task, 'store_failed', { err: error });
    }
  }

  #conclude(entry: Entry, task: DnsUpdateTask, outcome: 'done' | 'conflict'): void {
    if (entry.record !== undefined) entry.record = recordAfter(task, outcome, entry.record);
    if (outcome === 'done') {
      this.#parts.counters.add('dns_updates', task.kind);
      return;
    }
    // The wanted name may have changed meanwhile: then another name is to be tried.
    entry.conflict = isSameName(entry.wanted, 'wanted' in task ? task.wanted : undefined);
    this.#note(entry, task, 'conflict', {}, CONFLICT_MESSAGE);
  }

  #retryLater(entry: Entry, task: DnsTask, outcome: string, fields: Readonly<Record<string, unknown>>): void {
    this.#note(entry, task, outcome, fields);
    if (this.#closed) return;
    const delay = Math.min(RETRY_MS_MIN * 2 ** entry.retries++, RETRY_MS_MAX);
    clearTimeout(entry.retryTimer);
    entry.retryTimer = setTimeout(() => {
      entry.retryTimer = undefined;
      this.#makeReady(entry.address);
    }, delay).unref();
  }

  #endRetry(entry: Entry): void {
    clearTimeout(entry.retryTimer);
    entry.retryTimer = undefined;
    entry.retries = 0;
  }

  #note(
    { address }: Entry,
    task: DnsTask,
    outcome: string,
    fields: Readonly<Record<string, unknown>>,
    message = 'dns update failed; it will be tried again',
  ): void {
    const { counters, log, nowMs } = this.#parts;
    counters.add('dns_updates', outcome);
    const name = task.kind === 'rest' || task.kind === 'forget' ? undefined : taskName(task);
    // An unreachable server is reported once, and not for each address.
    const subject = outcome === 'no_answer' ? String(fields['zone']) : address;
    if (!this.#lines.take(`${subject} ${outcome}`, nowMs())) return;
    log.warn({ address, name, update: task.kind, ...fields }, message);
  }
}

const CONFLICT_MESSAGE =
  'the name belongs to another client in DNS and was left unchanged; delete its records there, or give the machine another hostname';

function wantedName(lease: Lease, name: LeaseName | undefined): WantedName | undefined {
  if (name === undefined) return undefined;
  return {
    name: name.name,
    dhcid: dhcidOf(lease, name.name),
    ttlSeconds: name.ttlSeconds,
    forward: name.forward,
    reverse: name.reverse,
  };
}

function dhcidOf(lease: Lease, name: DnsName): string {
  return Buffer.from(dhcidRdata(leaseIdentity(lease), name)).toString('hex');
}
