import { type Ipv4Address, ipv4FromNumber, ipv4ToNumber } from '../../../protocol/ipv4-address.ts';
import type { Labels } from '../../selection/labels.ts';
import { type CompiledSubnet, isOctetEdge } from '../subnets/compiled-subnet.ts';
import { AgeQueue } from './age-queue.ts';
import { Binding, Offer } from './binding.ts';
import { ExpiryQueue } from '../../../limits/expiry-queue.ts';
import { LeasePool } from './lease-pool.ts';
import type { Lease } from './lease.ts';

/** How long an offered address waits for its DHCPREQUEST. edk2 sends it after 4 s, and repeats it until 32 s later. */
const OFFER_TTL_MS = 60_000;
/** The same while unanswered offers fill the pool: real clients request at once, forged ones never. */
const OFFER_TTL_UNDER_PRESSURE_MS = 10_000;

const NO_LABELS: Labels = new Map();

/** How full a subnet is. */
export interface SubnetUsage {
  readonly subnetId: string;
  readonly poolSize: number;
  readonly bound: number;
  readonly offered: number;
  readonly declined: number;
  /** Expired and released: kept for their clients while never-used addresses remain. */
  readonly remembered: number;
}

/**
 * The addresses of one subnet and their holders:
 *
 *     free --> offered --> bound --> expired or released --> free
 *                            |                                ^
 *                            +-----> declined ----------------+
 *
 * An expired or released address is kept for its client until no never-used address is left; then the one that was
 * given up longest ago is reused first. This class knows neither messages nor the store.
 */
export class SubnetLeases {
  readonly compiled: CompiledSubnet;

  readonly #pools: readonly LeasePool[];
  /** The pool for all clients. */
  readonly #open: readonly LeasePool[];
  readonly #isReserved: (address: Ipv4Address) => boolean;
  readonly #isOurs: (address: Ipv4Address) => boolean;
  readonly #expired: (lease: Lease) => void;
  readonly #byOffset = new Map<number, Binding>();
  readonly #byClient = new Map<string, Binding>();
  readonly #offersByOffset = new Map<number, Offer>();
  readonly #offersByClient = new Map<string, Offer>();
  /** Bound and declined addresses, by deadline. */
  readonly #expiry = new ExpiryQueue<Binding>();
  readonly #offers = new AgeQueue<Offer>();
  #declined = 0;

  constructor(
    compiled: CompiledSubnet,
    isReserved: (address: Ipv4Address) => boolean,
    isOurs: (address: Ipv4Address) => boolean,
    expired: (lease: Lease) => void = () => undefined,
  ) {
    this.compiled = compiled;
    this.#pools = compiled.pools.map((pool) => new LeasePool(pool));
    this.#open = this.#pools.filter((pool) => !pool.isRestricted);
    this.#isReserved = isReserved;
    this.#isOurs = isOurs;
    this.#expired = expired;
  }

  /** Ends offers and leases that have expired. Call it before any query. */
  advance(monotonicMs: number): void {
    const ttl = this.underPressure ? OFFER_TTL_UNDER_PRESSURE_MS : OFFER_TTL_MS;
    for (;;) {
      const offer = this.#offers.oldest;
      if (offer === undefined || monotonicMs - offer.madeAtMs < ttl) break;
      this.dropOffer(offer);
    }
    for (;;) {
      const binding = this.#expiry.peek();
      if (binding === undefined || monotonicMs < binding.deadlineMs) break;
      if (binding.lease.state === 'declined') this.#remove(binding);
      else {
        this.#retire(binding);
        this.#expired(binding.lease);
      }
    }
  }

  /** Whether offers that were never accepted fill one of the pools. */
  get underPressure(): boolean {
    for (const pool of this.#pools) if (pool.underPressure) return true;
    return false;
  }

  /** Whether some pool is only for clients with certain labels. */
  get selectsByLabels(): boolean {
    return this.#open.length < this.#pools.length;
  }

  /**
   * The pools from which a client may get an address, in order: those for its labels, then the one for all clients.
   * `labels` is called only if a pool selects by them.
   */
  poolsFor(labels: (() => Labels) | undefined): readonly LeasePool[] {
    if (!this.selectsByLabels) return this.#pools;
    const known = labels?.() ?? NO_LABELS;
    return this.#pools.filter((pool) => pool.isFor(known));
  }

  addressAt(offset: number): Ipv4Address {
    return ipv4FromNumber(this.compiled.base + offset);
  }

  /** The offset of an address of this subnet; undefined for any other. */
  offsetOf(address: Ipv4Address): number | undefined {
    const offset = ipv4ToNumber(address) - this.compiled.base;
    return offset >= 0 && offset < this.compiled.size ? offset : undefined;
  }

  bindingOf(clientKey: string): Binding | undefined {
    return this.#byClient.get(clientKey);
  }

  bindingAt(offset: number): Binding | undefined {
    return this.#byOffset.get(offset);
  }

  offerOf(clientKey: string): Offer | undefined {
    return this.#offersByClient.get(clientKey);
  }

  offerAt(offset: number): Offer | undefined {
    return this.#offersByOffset.get(offset);
  }

  bindings(): Iterable<Binding> {
    return this.#byOffset.values();
  }

  get usage(): SubnetUsage {
    return {
      subnetId: this.compiled.subnet.id,
      poolSize: this.compiled.poolSize,
      bound: this.#expiry.size - this.#declined,
      offered: this.#offers.size,
      declined: this.#declined,
      remembered: this.#byOffset.size - this.#expiry.size,
    };
  }

  /**
   * Whether no other client has a claim on the address: no lease, no offer, no hold after a DHCPDECLINE. An offer takes
   * precedence over an earlier lease, since a reservation may be taken over.
   */
  isFreeFor(offset: number, clientKey: string): boolean {
    const offer = this.#offersByOffset.get(offset);
    if (offer !== undefined) return offer.clientKey === clientKey;
    const binding = this.#byOffset.get(offset);
    return binding === undefined || !binding.active || binding.lease.clientKey === clientKey;
  }

  /** Whether the address is in one of the pools, for whatever clients. */
  isInPool(offset: number): boolean {
    return this.poolAt(offset) !== undefined;
  }

  /** The pool that the address is in. */
  poolAt(offset: number): LeasePool | undefined {
    for (const pool of this.#pools) if (pool.addresses.contains(offset)) return pool;
    return undefined;
  }

  /**
   * Whether the address is never given out, not even by reservation: network or broadcast address, a router's or our
   * own.
   */
  isForbidden(offset: number): boolean {
    return this.compiled.forbidden.has(offset) || this.#isOurs(this.addressAt(offset));
  }

  /**
   * Whether the address is in a pool for a client with these labels, or in any, and may be given to one without a
   * reservation.
   */
  isDynamicFor(offset: number, labels: (() => Labels) | 'any' | undefined): boolean {
    const pool = this.poolAt(offset);
    if (pool === undefined || !this.#isDynamic(offset)) return false;
    return labels === 'any' || !pool.isRestricted || pool.isFor(labels?.() ?? NO_LABELS);
  }

  /** Whether the address of a pool may be given to a client without a reservation. */
  #isDynamic(offset: number): boolean {
    const { compiled } = this;
    if (this.isForbidden(offset)) return false;
    if (compiled.subnet.skipOctetEdges && isOctetEdge(compiled.base, offset)) return false;
    for (const range of compiled.excluded) if (offset >= range.first && offset <= range.last) return false;
    return !this.#isReserved(this.addressAt(offset));
  }

  /**
   * An address of the pool that is not in use: a never-used one, or else the one given up longest ago. Undefined when
   * there is none.
   */
  allocate({ addresses, reclaimable }: LeasePool): number | undefined {
    const untouched = addresses.take(
      (offset) => !this.#byOffset.has(offset) && !this.#offersByOffset.has(offset) && this.#isDynamic(offset),
    );
    if (untouched !== undefined) return untouched;
    for (;;) {
      const binding = reclaimable.oldest;
      if (binding === undefined || this.#isDynamic(binding.offset)) return binding?.offset;
      // It has been reserved for a machine meanwhile: it stays out of the queue until reservations change.
      reclaimable.remove(binding);
    }
  }

  /** Holds an address for a client; an earlier offer to the client, or of the address to another client, ends. */
  addOffer(offset: number, clientKey: string, monotonicMs: number): Offer {
    const earlier = this.#offersByClient.get(clientKey);
    if (earlier !== undefined) this.dropOffer(earlier);
    this.dropOfferToOthers(offset, clientKey);
    const offer = new Offer(offset, clientKey, monotonicMs);
    this.#offersByClient.set(clientKey, offer);
    this.#offersByOffset.set(offset, offer);
    this.#offers.add(offer);
    const pool = this.poolAt(offset);
    if (pool === undefined) return offer;
    pool.offers++;
    const binding = this.#byOffset.get(offset);
    if (binding !== undefined) pool.reclaimable.remove(binding);
    return offer;
  }

  /** Ends an offer of the address to any other client. */
  dropOfferToOthers(offset: number, clientKey: string): void {
    const offer = this.#offersByOffset.get(offset);
    if (offer !== undefined && offer.clientKey !== clientKey) this.dropOffer(offer);
  }

  dropOffer(offer: Offer): void {
    if (!offer.aging) return;
    this.#offers.remove(offer);
    this.#offersByClient.delete(offer.clientKey);
    this.#offersByOffset.delete(offer.offset);
    const pool = this.poolAt(offer.offset);
    if (pool === undefined) return;
    pool.offers--;
    const binding = this.#byOffset.get(offer.offset);
    if (binding === undefined) pool.addresses.giveBack(offer.offset);
    else if (!binding.active) pool.reclaimable.add(binding);
  }

  /**
   * Sets the state of the address from the lease, or to free. A lease that is expired, released or past `deadlineMs` is
   * remembered for its client.
   */
  set(offset: number, lease: Lease | undefined, deadlineMs: number, monotonicMs: number): void {
    const existing = this.#byOffset.get(offset);
    const over = monotonicMs >= deadlineMs;
    if (lease === undefined || (lease.state === 'declined' && over)) {
      if (existing !== undefined) this.#remove(existing);
      return;
    }
    if (existing !== undefined) {
      this.#leaveQueues(existing);
      if (existing.lease.clientKey !== lease.clientKey) this.#forgetClient(existing);
    }
    const binding = existing ?? new Binding(offset, lease, deadlineMs);
    if (existing === undefined) this.#byOffset.set(offset, binding);
    binding.lease = lease;
    binding.deadlineMs = deadlineMs;
    if (lease.clientKey !== '') this.#byClient.set(lease.clientKey, binding);
    if (over || lease.state === 'expired' || lease.state === 'released') {
      this.#remember(binding);
      return;
    }
    this.#expiry.update(binding);
    const pool = this.poolAt(offset);
    if (pool !== undefined) pool.active++;
    if (lease.state === 'declined') this.#declined++;
  }

  /** Call it when reservations changed: addresses that were reserved may have become free. */
  reservationsChanged(): void {
    for (const pool of this.#pools) pool.addresses.rewind();
    for (const binding of this.#byOffset.values()) {
      if (!binding.active && !binding.aging) this.#remember(binding);
    }
  }

  #retire(binding: Binding): void {
    this.#leaveQueues(binding);
    this.#remember(binding);
  }

  #remember(binding: Binding): void {
    if (!this.#offersByOffset.has(binding.offset)) this.poolAt(binding.offset)?.reclaimable.add(binding);
  }

  #remove(binding: Binding): void {
    this.#leaveQueues(binding);
    this.#forgetClient(binding);
    this.#byOffset.delete(binding.offset);
    if (!this.#offersByOffset.has(binding.offset))
      this.poolAt(binding.offset)?.addresses.giveBack(binding.offset);
  }

  #leaveQueues(binding: Binding): void {
    const pool = this.poolAt(binding.offset);
    pool?.reclaimable.remove(binding);
    if (!binding.active) return;
    this.#expiry.remove(binding);
    if (pool !== undefined) pool.active--;
    if (binding.lease.state === 'declined') this.#declined--;
  }

  #forgetClient(binding: Binding): void {
    const { clientKey } = binding.lease;
    if (this.#byClient.get(clientKey) === binding) this.#byClient.delete(clientKey);
  }
}
