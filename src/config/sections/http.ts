import { z } from 'zod';
import { cidr, listenEndpoint, origin } from './values.ts';

const MEGABYTE = 1024 * 1024;

/** `http`: the boot plane over HTTP. */
export const http = z
  .strictObject({
    listen: z
      .array(listenEndpoint)
      .prefault(['0.0.0.0:8080'])
      .describe('Addresses and ports of the boot plane, which machines use.')
      .meta({ example: '["10.0.1.2:8080"]' }),
    public_url: origin
      .optional()
      .describe(
        'The URL that machines must use for the boot plane, if it differs from the address they connect to. By default URLs in answers have the address that the machine connected to.',
      )
      .meta({ example: 'http://10.0.1.2:8080' }),
    trusted_proxies: z
      .array(cidr)
      .prefault([])
      .describe('Networks of reverse proxies whose X-Forwarded-For header is used.')
      .meta({ example: '[10.0.9.0/24]' }),
    connections: z
      .int()
      .min(1)
      .prefault(10_000)
      .describe(
        'Connections at once. For each further one, the connection that has been idle longest is closed.',
      ),
    connections_per_source: z
      .int()
      .min(1)
      .prefault(4_000)
      .describe(
        'Connections at once from one address. The default is enough for 500 machines behind one address with eight connections each.',
      ),
    downloads_per_source: z
      .int()
      .min(1)
      .prefault(2_000)
      .describe('Downloads at once to one address. Further ones get 503 with Retry-After.'),
    download_memory: z
      .int()
      .min(1)
      .prefault(128)
      .describe(
        'Memory for data that is read from files and not yet sent, for all downloads together, in megabytes. When it is used up, downloads go on in parts of 16 kB.',
      ),
    download_rate_min: z
      .int()
      .min(0)
      .prefault(4_000)
      .describe(
        'Lowest rate of a download in bytes a second, averaged over two minutes. Slower connections are closed.',
      ),
    requests_per_source: z
      .int()
      .min(1)
      .prefault(50_000)
      .describe('Requests a second from one address. Further ones get 503 with Retry-After.'),
  })
  .prefault({});

/** The boot plane over HTTP, for its server. */
export function toBootHttpSettings(settings: z.output<typeof http>) {
  return {
    listen: settings.listen,
    publicUrl: settings.public_url,
    trustedProxies: settings.trusted_proxies,
    connections: { total: settings.connections, perSource: settings.connections_per_source },
    downloads: {
      perSource: settings.downloads_per_source,
      bytesInFlight: settings.download_memory * MEGABYTE,
      rateMin: settings.download_rate_min,
    },
    requestsPerSource: settings.requests_per_source,
  };
}
