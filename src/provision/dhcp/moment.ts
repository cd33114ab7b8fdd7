/**
 * One moment on two clocks. Deadlines are kept on the monotonic one, so that a step of the wall clock neither ends
 * nor prolongs a lease; what is stored, and must mean something after a restart, is on the wall clock.
 */
export interface Moment {
  /** Milliseconds since the epoch, as `Date.now()` gives them. */
  readonly wallMs: number;
  /** Milliseconds since any fixed point, never running backwards, as `performance.now()` gives them. */
  readonly monotonicMs: number;
}
