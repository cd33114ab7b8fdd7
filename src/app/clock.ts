import { performance } from 'node:perf_hooks';
import type { Moment } from '../provision/dhcp/moment.ts';

/** The time for the whole program: no other code asks the system for it. Tests pass a clock that they control. */
export interface Clock {
  /** The wall clock. */
  readonly now: () => Date;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  /** Both at once. */
  readonly moment: () => Moment;
}

/** The system's clock. */
export const SYSTEM_CLOCK: Clock = {
  now: () => new Date(),
  nowMs: () => performance.now(),
  moment: () => ({ wallMs: Date.now(), monotonicMs: performance.now() }),
};
