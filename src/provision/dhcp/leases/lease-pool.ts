import type { Labels } from '../../selection/labels.ts';
import { findFailedRequirement } from '../../selection/selector.ts';
import type { CompiledPool } from '../subnets/compiled-subnet.ts';
import { AddressPool } from './address-pool.ts';
import { AgeQueue } from './age-queue.ts';
import type { Binding } from './binding.ts';

/** The share of a pool that unanswered offers may fill before they count as an attack. */
const PRESSURE = 0.7;
/** The share of a pool that is reserved for known clients. */
const KEPT_FOR_KNOWN = 0.1;

/** Addresses of a subnet that the same clients may get, and the number of those in use. */
export class LeasePool {
  readonly addresses: AddressPool;
  /**
   * Expired and released addresses that other clients may get, those given up longest ago first. Offered addresses are
   * not included.
   */
  readonly reclaimable = new AgeQueue<Binding>();
  readonly #compiled: CompiledPool;
  offers = 0;
  active = 0;

  constructor(compiled: CompiledPool) {
    this.#compiled = compiled;
    this.addresses = new AddressPool(compiled.ranges);
  }

  /** Whether only clients with certain labels get its addresses. */
  get isRestricted(): boolean {
    return this.#compiled.selector !== undefined;
  }

  /** Whether a client with these labels may get its addresses. */
  isFor(labels: Labels): boolean {
    const { selector } = this.#compiled;
    return selector === undefined || findFailedRequirement(selector, labels) === undefined;
  }

  /** Whether offers that were never accepted fill the pool. */
  get underPressure(): boolean {
    const { size } = this.#compiled;
    return size > 0 && this.offers > PRESSURE * size;
  }

  /** Whether the pool still has addresses for unknown clients. */
  get hasRoomForUnknown(): boolean {
    const { size } = this.#compiled;
    return size - this.active - this.offers > Math.floor(size * KEPT_FOR_KNOWN);
  }
}
