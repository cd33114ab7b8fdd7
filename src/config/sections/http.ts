import { z } from 'zod';
import { cidr, endpoint, origin } from './values.ts';

/** `http`: the boot plane over HTTP. */
export const http = z
  .strictObject({
    listen: z
      .array(endpoint)
      .prefault(['0.0.0.0:8080'])
      .describe('Where machines reach the boot plane.')
      .meta({ example: '["10.0.1.2:8080"]' }),
    public_url: origin
      .optional()
      .describe(
        'The origin that machines reach the boot plane by, where it differs from the address they ask. By default each is answered with the address it asked.',
      )
      .meta({ example: 'http://10.0.1.2:8080' }),
    trusted_proxies: z
      .array(cidr)
      .prefault([])
      .describe('Networks whose X-Forwarded-For is believed.')
      .meta({ example: '[10.0.9.0/24]' }),
    connections: z
      .int()
      .min(1)
      .prefault(10_000)
      .describe(
        'Connections at once. When there are more, the one that has been idle for longest is closed.',
      ),
    connections_per_source: z
      .int()
      .min(1)
      .prefault(4_000)
      .describe(
        'The same from one address; enough for 500 machines behind one address, which have eight each.',
      ),
    downloads_per_source: z
      .int()
      .min(1)
      .prefault(2_000)
      .describe('Files on their way to one address at once; more are told to come back later.'),
    download_memory: z
      .int()
      .min(1)
      .prefault(128)
      .describe(
        'Megabytes of files that are read and not yet sent, of all downloads; when they are used up, downloads go on in parts of 16 kB.',
      ),
    download_rate_min: z
      .int()
      .min(0)
      .prefault(4_000)
      .describe(
        'Bytes a second that a client must take of a file, over two minutes; else its connection is closed.',
      ),
    requests_per_source: z
      .int()
      .min(1)
      .prefault(50_000)
      .describe('Requests a second from one address; more are told to come back later.'),
  })
  .prefault({});
