import type { Logger } from 'pino';
import { listNetworkInterfaces, type NetworkInterface } from './network-interfaces.ts';

/** Told of the interfaces as they are now, every two seconds: what could not be done when last tried is tried again. */
export type InterfaceFollower = (interfaces: readonly NetworkInterface[]) => Promise<void>;

/** Node does not tell when addresses change, so they are looked at. */
const LOOK_MS = 2_000;

/** Looks at the interfaces of this host on behalf of everything that listens on their addresses. */
export class InterfaceWatcher {
  readonly #log: Logger;
  readonly #list: () => readonly NetworkInterface[];
  readonly #followers = new Set<InterfaceFollower>();
  #interfaces: readonly NetworkInterface[];
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();
  #failing = false;
  #closed = false;

  /** Looks once, and throws if that fails. Nothing is followed before `start`. */
  constructor(log: Logger, list: () => readonly NetworkInterface[] = listNetworkInterfaces) {
    this.#log = log;
    this.#list = list;
    this.#interfaces = list();
  }

  /** As they were when last looked at. */
  get interfaces(): readonly NetworkInterface[] {
    return this.#interfaces;
  }

  /** Tells the follower from now on; the function returned ends that. */
  follow(follower: InterfaceFollower): () => void {
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }

  /** Begins to look every two seconds. */
  start(): void {
    this.#timer = setTimeout(() => {
      this.#looking = this.look().finally(() => {
        if (!this.#closed) this.start();
      });
    }, LOOK_MS);
  }

  /** Looks now, and resolves when every follower has done what there was to do. Never rejects. */
  async look(): Promise<void> {
    try {
      this.#interfaces = this.#list();
      this.#failing = false;
    } catch (error) {
      // Without a descriptor left the kernel lists nothing. What is open goes on, and the next look may work.
      if (!this.#failing)
        this.#log.error({ err: error }, 'the network interfaces cannot be listed; trying again');
      this.#failing = true;
      return;
    }
    for (const follower of this.#followers) {
      await follower(this.#interfaces).catch((error: unknown) => {
        this.#log.error(
          { err: error },
          'a change of the network interfaces could not be followed; trying again',
        );
      });
    }
  }

  /** Looks no more, and resolves when the last look is over. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#looking;
  }
}
