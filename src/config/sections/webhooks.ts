import { z } from 'zod';
import { LEASE_EVENT_KINDS } from '../../provision/dhcp/leases/lease-event.ts';
import { filePath } from './values.ts';

const LEASE_TYPES = LEASE_EVENT_KINDS.map((kind) => `lease.${kind}` as const);
const ALL_LEASE_TYPES = 'lease.*';

const url = z.string().transform((text, context) => {
  const parsed = URL.canParse(text) ? new URL(text) : undefined;
  if (parsed === undefined || !['http:', 'https:'].includes(parsed.protocol)) {
    context.addIssue('is not a URL of a web server; write it as https://cmdb.example.com/railhead');
    return z.NEVER;
  }
  if (parsed.username !== '' || parsed.password !== '') {
    context.addIssue(
      'must not have a user name or password, since settings hold no secrets: receivers verify the signature made with secret_file',
    );
    return z.NEVER;
  }
  return parsed;
});

const webhook = z.strictObject({
  url: url
    .describe('Where events are sent by POST. Redirects are not followed.')
    .meta({ example: 'https://cmdb.example.com/railhead' }),
  events: z
    .array(z.enum([ALL_LEASE_TYPES, ...LEASE_TYPES]))
    .min(1, 'must name at least one type of event, as lease.*')
    .prefault([ALL_LEASE_TYPES])
    .describe('Types of events to send; `lease.*` stands for all types of lease events.')
    .meta({ example: '[lease.bound, lease.released, lease.expired]' }),
  secret_file: filePath
    .describe(
      'File with the secret that deliveries are signed with: base64 of 24 to 64 bytes, as `openssl rand -base64 32` prints it.',
    )
    .meta({ example: '/etc/railhead/webhook.secret' }),
  ca_file: filePath
    .optional()
    .describe(
      "PEM file with the certificates of authorities that may have signed the receiver's certificate. By default those that Node.js trusts.",
    )
    .meta({ example: '/etc/railhead/ca.pem' }),
});

/** `webhooks`: receivers of events. */
export const webhooks = z
  .array(webhook)
  .prefault([])
  .describe(
    'Receivers of signed events by HTTP, see [dhcp.md](dhcp.md#hooks). A receiver that is slow or away delays nothing but its own events.',
  )
  .meta({
    example: '[{url: "https://cmdb.example.com/railhead", secret_file: /etc/railhead/webhook.secret}]',
  });

/** The types of events that are sent to a receiver. */
export function toEventTypes({ events }: Pick<z.output<typeof webhook>, 'events'>): ReadonlySet<string> {
  return new Set(events.flatMap((event) => (event === ALL_LEASE_TYPES ? LEASE_TYPES : [event])));
}
