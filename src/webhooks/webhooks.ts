import type { JsonObject } from '../provision/json-value.ts';
import type { WebhookDestination } from './webhook-destination.ts';

/** Something that happened, as receivers are told of it. */
export interface WebhookEvent {
  /** What it is, by area and kind: `lease.bound`. */
  readonly type: string;
  readonly data: JsonObject;
}

/** A receiver, and which types of events it is told of. */
export interface WebhookSubscription {
  readonly types: ReadonlySet<string>;
  readonly destination: WebhookDestination;
}

/** Tells receivers of events, each those that it has subscribed to. No receiver makes another one or the caller wait. */
export class Webhooks {
  readonly #subscriptions: readonly WebhookSubscription[];
  readonly #clock: { readonly now: () => Date; readonly nowMs: () => number };
  readonly #newId: () => string;

  /** `newId` makes the identifiers of deliveries, which must never repeat. */
  constructor(
    subscriptions: readonly WebhookSubscription[],
    clock: { readonly now: () => Date; readonly nowMs: () => number },
    newId: () => string,
  ) {
    this.#subscriptions = subscriptions;
    this.#clock = clock;
    this.#newId = newId;
  }

  /** Whether anybody is told of events of this type. */
  wants(type: string): boolean {
    return this.#subscriptions.some(({ types }) => types.has(type));
  }

  /** Queues an event for those who have subscribed to it. Returns at once, and does not throw. */
  send({ data, type }: WebhookEvent): void {
    const body = JSON.stringify({ type, timestamp: this.#clock.now().toISOString(), data });
    const queuedMs = this.#clock.nowMs();
    for (const { destination, types } of this.#subscriptions) {
      if (types.has(type)) destination.add({ id: `msg_${this.#newId()}`, body, queuedMs });
    }
  }

  /** Reads the secrets and certificates of all receivers again. Throws for the first that is bad, after all were read. */
  reload(): void {
    const errors: unknown[] = [];
    for (const { destination } of this.#subscriptions) {
      try {
        destination.reload();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }

  /** Ends all deliveries; see WebhookDestination. */
  async close(): Promise<void> {
    await Promise.all(this.#subscriptions.map(({ destination }) => destination.close()));
  }
}
