import type { Logger } from 'pino';
import { parseIpv4 } from '../protocol/ipv4-address.ts';
import { type MacAddress, parseMac } from '../protocol/mac-address.ts';
import { parseUuid } from '../protocol/machine-uuid.ts';
import type { BootEventSink } from '../provision/history/boot-event.ts';
import type { Labels } from '../provision/selection/labels.ts';
import type { Machine } from '../provision/machines/machine.ts';
import {
  DISCOVERED_SOURCE,
  type DiscoveredMachine,
  type DiscoveredMachineStore,
} from '../store/discovered-machine-store.ts';
import { StoreError } from '../store/store-error.ts';
import type { Transition } from '../store/transition-store.ts';

/**
 * Number of machines that are remembered since the start; beyond it the one seen longest ago counts as new when it
 * returns.
 */
const SEEN_MAX = 100_000;
/** A waiting machine asks every few seconds and is not stored each time. */
const REPEAT_MS = 60_000;

/** A machine that sent a boot request over HTTP. */
export interface Sighting {
  /** The labels that it sends. */
  readonly claimed: Labels;
  /** Its record, if there is one. */
  readonly machine?: Machine | undefined;
  readonly remoteAddress: string;
  /** The id of the group that selects it, if one does. */
  readonly group?: string | undefined;
}

/** Stores machines that no file declares when they send boot requests over HTTP. */
export class DiscoveredMachines {
  readonly #store: Pick<DiscoveredMachineStore, 'recordDiscovered'>;
  readonly #events: BootEventSink;
  readonly #log: Logger;
  readonly #now: () => Date;
  readonly #seenAtMs = new Map<MacAddress, number>();
  /** By machine, the group that selected it when it was last seen. */
  readonly #groups = new Map<MacAddress, string>();
  #writing: Promise<void> = Promise.resolve();

  constructor(
    store: Pick<DiscoveredMachineStore, 'recordDiscovered'>,
    events: BootEventSink,
    log: Logger,
    now: () => Date,
  ) {
    this.#store = store;
    this.#events = events;
    this.#log = log;
    this.#now = now;
  }

  /** Records a machine that sent a request. Never throws; errors of the store are logged. */
  note({ claimed, group, machine, remoteAddress }: Sighting): void {
    const mac = claimed.get('mac') as MacAddress | undefined;
    if (machine !== undefined || mac === undefined) return;
    if (group === undefined) this.#groups.delete(mac);
    else if (this.#groups.has(mac) || this.#groups.size < SEEN_MAX) this.#groups.set(mac, group);
    const at = this.#now();
    const lastMs = this.#seenAtMs.get(mac);
    if (lastMs !== undefined && at.getTime() - lastMs < REPEAT_MS) return;
    const address = parseIpv4(remoteAddress);
    const uuid = parseUuid(claimed.get('uuid') ?? '');
    const record: DiscoveredMachine = {
      mac,
      ...(uuid !== undefined && { uuid }),
      ...(address !== undefined && { address }),
      ...copyLabels(claimed, ['serial', 'manufacturer', 'product', 'arch', 'platform']),
      firstSeenAt: at,
      lastSeenAt: at,
    };
    if (lastMs === undefined && !this.#tell(record, claimed)) return;
    this.#remember(mac, at.getTime());
    this.#writing = this.#write(record);
  }

  /** Resolves when everything recorded is stored, or the error is logged. */
  async flush(): Promise<void> {
    // The store answers calls in order.
    await this.#writing;
  }

  /**
   * Updates the memory with what the store has written. A machine that the store has deleted counts as new when it
   * returns, so that storing it again counts against the budget for new machines.
   */
  noteWritten(transitions: readonly Transition[]): void {
    for (const { kind, machineId, source } of transitions) {
      if (kind !== 'machine.gone' || source !== DISCOVERED_SOURCE) continue;
      const mac = parseMac(machineId);
      if (mac !== undefined) this.#seenAtMs.delete(mac);
    }
  }

  /** The group that selected a machine without a record when it last asked since the start; undefined if none did. */
  groupOf(mac: MacAddress): string | undefined {
    return this.#groups.get(mac);
  }

  async #write(record: DiscoveredMachine): Promise<void> {
    try {
      await this.#store.recordDiscovered(record);
    } catch (error) {
      if (error instanceof StoreError) return;
      this.#log.error({ err: error, mac: record.mac }, 'a discovered machine could not be stored');
    }
  }

  /**
   * Records the event that a machine is new. False if the event was left out because there are too many; then the
   * machine is not stored either.
   */
  #tell(machine: DiscoveredMachine, claimed: ReadonlyMap<string, string>): boolean {
    const { address, lastSeenAt, mac, manufacturer = '', product = '' } = machine;
    return this.#events.record({
      at: lastSeenAt,
      kind: 'machine.discovered',
      mac,
      ...(address !== undefined && { address }),
      summary: `unknown machine ${mac} ${manufacturer} ${product}`.trim(),
      detail: Object.fromEntries(claimed),
    });
  }

  #remember(mac: MacAddress, atMs: number): void {
    this.#seenAtMs.delete(mac);
    this.#seenAtMs.set(mac, atMs);
    if (this.#seenAtMs.size <= SEEN_MAX) return;
    for (const oldest of this.#seenAtMs.keys()) {
      this.#seenAtMs.delete(oldest);
      break;
    }
  }
}

function copyLabels<K extends string>(
  labels: ReadonlyMap<string, string>,
  names: readonly K[],
): Partial<Record<K, string>> {
  const found = names.flatMap((name) => {
    const value = labels.get(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(found) as Partial<Record<K, string>>;
}
