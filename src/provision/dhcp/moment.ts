/**
 * One moment on two clocks. Deadlines use the monotonic one, so that a step of the wall clock neither shortens nor
 * extends a lease; stored times, which must be valid after a restart, use the wall clock.
 */
export interface Moment {
  /** Milliseconds since the epoch, as `Date.now()` gives them. */
  readonly wallMs: number;
  /** Milliseconds since any fixed point, never decreasing, as `performance.now()` returns them. */
  readonly monotonicMs: number;
}
