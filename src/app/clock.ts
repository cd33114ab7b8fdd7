import { performance } from 'node:perf_hooks';
import type { Moment } from '../provision/dhcp/moment.ts';

/** The time, for everything in the program: nobody else asks the system for it. Tests pass one that stands still. */
export interface Clock {
  /** The wall clock. */
  readonly now: () => Date;
  /** Milliseconds that never run backwards. */
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
