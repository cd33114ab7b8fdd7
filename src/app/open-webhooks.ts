import { randomUUID } from 'node:crypto';
import { toEventTypes } from '../config/sections/webhooks.ts';
import { readAuthorities } from '../webhooks/webhook-authorities.ts';
import { type WebhookCredentials, WebhookDestination } from '../webhooks/webhook-destination.ts';
import { readWebhookSecret } from '../webhooks/webhook-secret.ts';
import { Webhooks } from '../webhooks/webhooks.ts';
import type { Environment } from './environment.ts';
import type { Services } from './services.ts';

/** The receivers in the settings; undefined if there are none. Throws an Error that names an invalid file. */
export function openWebhooks(
  { clock, counters, log, settings }: Environment,
  services: Services,
): Webhooks | undefined {
  if (settings.webhooks.length === 0) return undefined;
  const subscriptions = settings.webhooks.map((webhook) => {
    const { ca_file: caFile, secret_file: secretFile, url } = webhook;
    const types = toEventTypes(webhook);
    const readCredentials = (): WebhookCredentials => ({
      secret: readWebhookSecret(secretFile),
      ...(caFile !== undefined && { ca: readAuthorities(caFile) }),
    });
    const destination = new WebhookDestination({ url, readCredentials, counters, log, clock });
    log.info({ receiver: url.host, events: [...types] }, 'webhooks are on');
    return { types, destination };
  });
  return services.add('webhooks', new Webhooks(subscriptions, clock, randomUUID));
}
