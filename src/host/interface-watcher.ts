import type { Logger } from 'pino';
import { listNetworkInterfaces, type NetworkInterface } from './network-interfaces.ts';

/** Called with the current interfaces every two seconds, so that failed attempts are repeated. */
export type InterfaceFollower = (interfaces: readonly NetworkInterface[]) => Promise<void>;

/** Node does not report changes of addresses, so they are polled. */
const LOOK_MS = 2_000;

/** Polls the interfaces of this host for everything that listens on their addresses. */
export class InterfaceWatcher {
  readonly #log: Logger;
  readonly #list: () => readonly NetworkInterface[];
  readonly #followers = new Set<InterfaceFollower>();
  #interfaces: readonly NetworkInterface[];
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();
  #failing = false;
  #closed = false;

  /** Reads the interfaces once, and throws if that fails. Followers are not called before `start`. */
  constructor(log: Logger, list: () => readonly NetworkInterface[] = listNetworkInterfaces) {
    this.#log = log;
    this.#list = list;
    this.#interfaces = list();
  }

  /** The interfaces at the last poll. */
  get interfaces(): readonly NetworkInterface[] {
    return this.#interfaces;
  }

  /** Calls the follower from now on; the returned function unsubscribes it. */
  follow(follower: InterfaceFollower): () => void {
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }

  /** Begins to poll every two seconds. */
  start(): void {
    this.#timer = setTimeout(() => {
      this.#looking = this.look().finally(() => {
        if (!this.#closed) this.start();
      });
    }, LOOK_MS);
  }

  /** Polls now, and resolves when every follower has finished its work. Never rejects. */
  async look(): Promise<void> {
    try {
      this.#interfaces = this.#list();
      this.#failing = false;
    } catch (error) {
      // If the process has no free descriptor, the kernel lists nothing. Open sockets stay open, and the next poll may
      // succeed.
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

  /** Stops polling, and resolves when the running poll is over. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#looking;
  }
}
