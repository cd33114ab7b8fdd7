import { createHmac } from 'node:crypto';

/** The parts of a delivery that are signed. */
export interface SignedParts {
  /** The same for every attempt to send one delivery. */
  readonly id: string;
  /** Time of this attempt, in seconds since the epoch. */
  readonly timestamp: number;
  readonly body: string;
}

/**
 * The headers by which a receiver knows who sent a delivery, when, and that nothing was changed: those of the Standard
 * Webhooks specification 1.0.0, with its symmetric scheme (HMAC-SHA256 of `id.timestamp.body`, in base64).
 */
export function signDelivery(
  { body, id, timestamp }: SignedParts,
  secret: Uint8Array,
): Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string> {
  const signature = createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`).digest('base64');
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': `v1,${signature}`,
  };
}
