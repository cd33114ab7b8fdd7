import { type Ipv4Address, ipv4ToNumber } from '../../../protocol/ipv4-address.ts';
import type { Moment } from '../moment.ts';
import { type CompiledSubnet, compileSubnet } from '../subnets/compiled-subnet.ts';
import type { Subnet } from '../subnets/subnet.ts';
import type { Lease, LeaseChange } from './lease.ts';
import type { Binding } from './binding.ts';
import { SubnetLeases, type SubnetUsage } from './subnet-leases.ts';

/** How long an address is withheld after a client found it in use. */
const DECLINE_HOLD_MS = 600_000;

/** How a lease without end is stored. */
const FOREVER = Number.MAX_SAFE_INTEGER;

/** What is stored about a client with its lease. */
export type LeaseNotes = Pick<Lease, 'chaddr' | 'clientId' | 'hostname' | 'relayInfo'>;

/** The outcome of binding an address. */
export interface BindResult {
  readonly changes: readonly LeaseChange[];
  /** Whether the client already held the address, and this was stored. */
  readonly renewal: boolean;
}

/** What the store is known to hold of an address while changes to it are being written. */
interface Uncommitted {
  durable: Lease | undefined;
  durableDeadlineMs: number;
  count: number;
}

/**
 * All leases of all subnets, in memory. Changes take effect at once, so that no second client is offered an address
 * while the first one's lease is being written; `committed` and `commitFailed` report how the writing ended. Failed
 * changes are undone to the state in the store.
 */
export class LeaseBook {
  readonly subnets: readonly SubnetLeases[];

  /** Whether some pool is only for clients with certain labels. */
  readonly selectsByLabels: boolean;

  /** In order of their networks. */
  readonly #sorted: readonly SubnetLeases[];
  readonly #uncommitted = new Map<Ipv4Address, Uncommitted>();

  /**
   * `expired` is called for every lease that expires. Throws RangeError if a subnet contradicts itself or another one.
   */
  constructor(
    subnets: readonly Subnet[],
    isReserved: (address: Ipv4Address) => boolean,
    isOurs: (address: Ipv4Address) => boolean,
    expired?: (lease: Lease) => void,
  ) {
    const compiled = subnets.map(compileSubnet);
    checkOverlap(compiled);
    this.subnets = compiled.map((one) => new SubnetLeases(one, isReserved, isOurs, expired));
    this.selectsByLabels = this.subnets.some((subnet) => subnet.selectsByLabels);
    this.#sorted = [...this.subnets].sort((a, b) => a.compiled.base - b.compiled.base);
    const ids = new Set(subnets.map((subnet) => subnet.id));
    if (ids.size !== subnets.length) throw new RangeError('two subnets have the same id');
  }

  /** Loads the leases from the store. Leases of addresses that no subnet contains any more are ignored. */
  load(leases: readonly Lease[], now: Moment): void {
    // Oldest first, so that the order in which addresses were given up is right, and the newer of two leases of one
    // client is used.
    for (const lease of [...leases].sort((a, b) => a.expiresAt - b.expiresAt)) {
      const subnet = this.subnetOf(lease.address);
      const offset = subnet?.offsetOf(lease.address);
      if (subnet === undefined || offset === undefined) continue;
      subnet.set(offset, lease, deadlineOf(lease, now), now.monotonicMs);
    }
  }

  /** Ends offers and leases that have expired. */
  advance(now: Moment): void {
    for (const subnet of this.subnets) subnet.advance(now.monotonicMs);
  }

  /** The subnet whose network contains the address. */
  subnetOf(address: Ipv4Address): SubnetLeases | undefined {
    const value = ipv4ToNumber(address);
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#sorted[middle]?.compiled.base ?? 0) <= value) low = middle + 1;
      else high = middle;
    }
    const subnet = this.#sorted[low - 1];
    return subnet !== undefined && value < subnet.compiled.base + subnet.compiled.size ? subnet : undefined;
  }

  /** The known state of an address; a lease whose time is over has the state `expired`. */
  find(address: Ipv4Address, now: Moment): Lease | undefined {
    const subnet = this.subnetOf(address);
    subnet?.advance(now.monotonicMs);
    const offset = subnet?.offsetOf(address);
    const binding = offset === undefined ? undefined : subnet?.bindingAt(offset);
    return binding && presentLease(binding);
  }

  /** All known states, as `find` returns them. */
  *list(now: Moment): Iterable<Lease> {
    for (const subnet of this.subnets) {
      subnet.advance(now.monotonicMs);
      for (const binding of subnet.bindings()) yield presentLease(binding);
    }
  }

  usage(now: Moment): SubnetUsage[] {
    return this.subnets.map((subnet) => {
      subnet.advance(now.monotonicMs);
      return subnet.usage;
    });
  }

  /**
   * Gives the address to the client, or renews its lease; another address that the client had in the subnet becomes
   * free. The caller has checked that the address is free for the client.
   */
  bind(
    subnet: SubnetLeases,
    offset: number,
    clientKey: string,
    notes: LeaseNotes,
    leaseSeconds: number,
    now: Moment,
  ): BindResult {
    const changes: LeaseChange[] = [];
    const earlier = subnet.bindingOf(clientKey);
    const same = earlier?.offset === offset ? earlier : undefined;
    if (earlier !== undefined && same === undefined) {
      changes.push(this.#free(subnet, earlier.offset, now));
    }
    const address = same?.lease.address ?? subnet.addressAt(offset);
    const renewal = same !== undefined && same.active && !this.#uncommitted.has(address);
    const lease: Lease = {
      address,
      subnetId: subnet.compiled.subnet.id,
      clientKey,
      state: 'bound',
      boundAt: same?.active === true ? same.lease.boundAt : now.wallMs,
      expiresAt: leaseSeconds === Infinity ? FOREVER : now.wallMs + leaseSeconds * 1000,
      ...notes,
    };
    changes.push(this.#put(subnet, offset, lease, now));
    const offer = subnet.offerOf(clientKey);
    if (offer !== undefined) subnet.dropOffer(offer);
    return { changes, renewal };
  }

  /** Frees the client's addresses in other subnets of its link: it has only one address there. */
  freeOthers(
    link: readonly SubnetLeases[],
    kept: SubnetLeases,
    clientKey: string,
    now: Moment,
  ): readonly LeaseChange[] {
    return link.flatMap((subnet) => {
      const binding = subnet === kept ? undefined : subnet.bindingOf(clientKey);
      return binding?.active === true ? [this.#free(subnet, binding.offset, now)] : [];
    });
  }

  /** Ends a lease because its holder released it; the address stays remembered as the client's. */
  release(subnet: SubnetLeases, binding: Binding, now: Moment): readonly LeaseChange[] {
    const lease: Lease = { ...binding.lease, state: 'released', expiresAt: now.wallMs };
    return [this.#put(subnet, binding.offset, lease, now)];
  }

  /** Ends a lease and forgets it. */
  end(subnet: SubnetLeases, binding: Binding, now: Moment): readonly LeaseChange[] {
    return [this.#free(subnet, binding.offset, now)];
  }

  /** Withholds an address for ten minutes, after another host was found to use it. */
  hold(subnet: SubnetLeases, offset: number, chaddr: string, now: Moment): readonly LeaseChange[] {
    const offer = subnet.offerAt(offset);
    const lease: Lease = {
      address: subnet.addressAt(offset),
      subnetId: subnet.compiled.subnet.id,
      clientKey: '',
      chaddr,
      state: 'declined',
      boundAt: now.wallMs,
      expiresAt: now.wallMs + DECLINE_HOLD_MS,
    };
    const change = this.#put(subnet, offset, lease, now);
    if (offer !== undefined) subnet.dropOffer(offer);
    return [change];
  }

  /** The changes are durable. */
  committed(changes: readonly LeaseChange[], now: Moment): void {
    for (const change of changes) {
      const address = change.kind === 'put' ? change.lease.address : change.address;
      const uncommitted = this.#uncommitted.get(address);
      if (uncommitted === undefined) continue;
      uncommitted.durable = change.kind === 'put' ? change.lease : undefined;
      uncommitted.durableDeadlineMs = change.kind === 'put' ? deadlineOf(change.lease, now) : 0;
      if (--uncommitted.count === 0) this.#uncommitted.delete(address);
    }
  }

  /**
   * The changes were not written. Each address returns to the state in the store, unless further changes to it are
   * being written; `keep` leaves the changes in effect.
   */
  commitFailed(changes: readonly LeaseChange[], keep: boolean, now: Moment): void {
    for (const change of changes) {
      const address = change.kind === 'put' ? change.lease.address : change.address;
      const uncommitted = this.#uncommitted.get(address);
      if (uncommitted === undefined || --uncommitted.count > 0) continue;
      this.#uncommitted.delete(address);
      if (keep) continue;
      const subnet = this.subnetOf(address);
      const offset = subnet?.offsetOf(address);
      if (subnet === undefined || offset === undefined) continue;
      subnet.set(offset, uncommitted.durable, uncommitted.durableDeadlineMs, now.monotonicMs);
    }
  }

  #put(subnet: SubnetLeases, offset: number, lease: Lease, now: Moment): LeaseChange {
    this.#track(subnet, offset, lease.address);
    subnet.set(offset, lease, deadlineOf(lease, now), now.monotonicMs);
    return { kind: 'put', lease };
  }

  #free(subnet: SubnetLeases, offset: number, now: Moment): LeaseChange {
    const address = subnet.addressAt(offset);
    this.#track(subnet, offset, address);
    subnet.set(offset, undefined, 0, now.monotonicMs);
    return { kind: 'delete', address };
  }

  #track(subnet: SubnetLeases, offset: number, address: Ipv4Address): void {
    const uncommitted = this.#uncommitted.get(address);
    if (uncommitted !== undefined) {
      uncommitted.count++;
      return;
    }
    const binding = subnet.bindingAt(offset);
    this.#uncommitted.set(address, {
      durable: binding?.lease,
      durableDeadlineMs: binding?.deadlineMs ?? 0,
      count: 1,
    });
  }
}

function presentLease(binding: Binding): Lease {
  const { lease } = binding;
  return lease.state === 'bound' && !binding.active ? { ...lease, state: 'expired' } : lease;
}

function deadlineOf(lease: Lease, now: Moment): number {
  if (lease.expiresAt >= FOREVER) return Infinity;
  return now.monotonicMs + (lease.expiresAt - now.wallMs);
}

function checkOverlap(subnets: readonly CompiledSubnet[]): void {
  const sorted = [...subnets].sort((a, b) => a.base - b.base);
  sorted.forEach((subnet, index) => {
    const previous = sorted[index - 1];
    if (previous !== undefined && subnet.base < previous.base + previous.size) {
      throw new RangeError(
        `subnets ${previous.subnet.id} (${previous.subnet.cidr.text}) and ${subnet.subnet.id} ` +
          `(${subnet.subnet.cidr.text}) overlap`,
      );
    }
  });
}
