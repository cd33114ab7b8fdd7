import { isIP } from 'node:net';
import { z } from 'zod';
import { parseDnsName } from '../../protocol/dns/dns-name.ts';
import type { Endpoint } from '../../protocol/endpoint.ts';
import { hostAddressFault, isLoopback } from '../../protocol/host-address.ts';
import { parseIpv4 } from '../../protocol/ipv4-address.ts';
import type { NamePolicy } from '../../provision/dns/lease-name.ts';
import { endpoint, filePath } from './values.ts';

const DNS_PORT = 53;

/** The address of a DNS server, with a port if that is not 53. */
const dnsServer = z.string().transform((text, context): Endpoint => {
  const server = isIP(text) === 0 ? endpoint.safeParse(text).data : { host: text, port: DNS_PORT };
  const address = server && parseIpv4(server.host);
  const fault = address && !isLoopback(address) ? hostAddressFault(address) : undefined;
  if (server !== undefined && fault === undefined) return server;
  context.addIssue(
    fault === undefined
      ? `"${text}" is not the address of a DNS server; write it as 10.0.0.53 or 10.0.0.53:5353`
      : `must be the address of a DNS server: ${address} ${fault}`,
  );
  return z.NEVER;
});

const zoneName = z.string().transform((text, context) => {
  const name = parseDnsName(text);
  if (name !== undefined) return name;
  context.addIssue(`"${text}" is not a zone; write it as rack1.example.com or 1.0.10.in-addr.arpa`);
  return z.NEVER;
});

const zone = z.strictObject({
  zone: zoneName.describe('Name of the zone: a domain, or the reverse zone of a network.'),
  server: dnsServer.describe("The zone's primary server, with a port if that is not 53."),
  key_file: filePath.optional().describe('File with the TSIG key that updates are signed with.'),
});

/** `dns_updates`: names in DNS for DHCP clients. */
export const dnsUpdates = z
  .strictObject({
    zones: z
      .array(zone)
      .prefault([])
      .describe(
        'Zones that are kept in step with the leases by dynamic updates (RFC 2136): `zone` is a domain or the reverse zone of a network; `server` is the address of its primary server, with a port if that is not 53; `key_file` is a file with the TSIG key as `tsig-keygen` writes it. Updates without a key are not signed. If the list is empty, no DNS updates are sent.',
      )
      .meta({
        example: '[{zone: rack1.example.com, server: 10.0.0.53, key_file: /etc/railhead/dns.key}]',
      }),
    client_names: z
      .boolean()
      .prefault(true)
      .describe(
        'Whether a client whose machine record has no host name gets the name that it asks for (options 81 and 12).',
      ),
    generated_prefix: z
      .string()
      .regex(/^[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?$/, 'letters, digits and dashes, 42 at most')
      .optional()
      .describe(
        'Prefix of the names for clients without a name, in front of their address: `host` gives `host-10-0-1-100`.',
      )
      .meta({ example: 'host' }),
    override_client: z
      .boolean()
      .prefault(false)
      .describe(
        'Whether Railhead updates DNS even for clients that ask in option 81 for no update, or to do it themselves.',
      ),
    ttl_seconds: z
      .int()
      .min(1)
      .max(86_400)
      .optional()
      .describe('TTL of the records. By default a third of the lease, from 10 minutes to a day.')
      .meta({ example: '300' }),
  })
  .prefault({});

/** How clients get names; undefined if no zone is updated. */
export function toNamePolicy(settings: z.output<typeof dnsUpdates>): NamePolicy | undefined {
  if (settings.zones.length === 0) return undefined;
  return {
    zones: settings.zones.map(({ zone: name }) => name),
    clientNames: settings.client_names,
    overrideClient: settings.override_client,
    ...(settings.generated_prefix !== undefined && { generatedPrefix: settings.generated_prefix }),
    ...(settings.ttl_seconds !== undefined && { ttlSeconds: settings.ttl_seconds }),
  };
}
