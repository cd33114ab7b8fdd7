import type { Actor } from '../../../control/actor.ts';

/** Streams in all, and of one actor: each holds a connection. */
const STREAMS_MAX = 400;
const STREAMS_OF_ACTOR_MAX = 250;

/** Counts open streams, and limits them. */
export class StreamCounts {
  readonly #byActor = new Map<string, number>();
  #all = 0;

  /** Number of open streams. */
  get open(): number {
    return this.#all;
  }

  /** Undefined if there are too many; otherwise what ends it. */
  take({ name }: Actor): (() => void) | undefined {
    const own = this.#byActor.get(name) ?? 0;
    if (this.#all >= STREAMS_MAX || own >= STREAMS_OF_ACTOR_MAX) return undefined;
    this.#all++;
    this.#byActor.set(name, own + 1);
    return () => {
      this.#all--;
      const left = (this.#byActor.get(name) ?? 1) - 1;
      if (left === 0) this.#byActor.delete(name);
      else this.#byActor.set(name, left);
    };
  }
}
