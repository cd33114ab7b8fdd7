import type { JsonObject } from '../provision/json-value.ts';
import type { WebhookDestination } from './webhook-destination.ts';

/** An event, as it is sent to receivers. */
export interface WebhookEvent {
  /** Area and kind: `lease.bound`. */
  readonly type: string;
  readonly data: JsonObject;
}

/** A receiver, and the types of events that it has subscribed to. */
export interface WebhookSubscription {
  readonly types: ReadonlySet<string>;
  readonly destination: WebhookDestination;
}

/** Sends each receiver the events that it has subscribed to. A slow receiver delays neither others nor the caller. */
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

  /** Whether any receiver has subscribed to events of this type. */
  wants(type: string): boolean {
    return this.#subscriptions.some(({ types }) => types.has(type));
  }

  /** Queues an event for its subscribers. Returns at once, and does not throw. */
  send({ data, type }: WebhookEvent): void {
    const body = JSON.stringify({ type, timestamp: this.#clock.now().toISOString(), data });
    const queuedMs = this.#clock.nowMs();
    for (const { destination, types } of this.#subscriptions) {
      if (types.has(type)) destination.add({ id: `msg_${this.#newId()}`, body, queuedMs });
    }
  }

  /** Reads the secrets and certificates of all receivers again. After that, throws for the first invalid file. */
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
