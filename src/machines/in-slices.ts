/** Yields to the event loop. */
export type Pause = () => Promise<unknown>;

/** How long to work before yielding to packets and requests. */
const SLICE_MS = 10;

/** Returns a function that yields to the event loop if a slice of time is over. `nowMs` is a monotonic clock. */
export function inSlices(nowMs: () => number, pause: Pause): () => Promise<void> {
  let sliceStartMs = nowMs();
  return async () => {
    if (nowMs() - sliceStartMs < SLICE_MS) return;
    await pause();
    sliceStartMs = nowMs();
  };
}
