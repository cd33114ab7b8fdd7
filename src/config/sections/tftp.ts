import { z } from 'zod';
import { filePath, ipv4 } from './values.ts';

/** `tftp`: TFTP. */
export const tftp = z
  .strictObject({
    enabled: z
      .boolean()
      .prefault(false)
      .describe('Whether to answer TFTP. Port 69 needs root or CAP_NET_BIND_SERVICE.')
      .meta({ example: 'true' }),
    listen: z
      .array(ipv4)
      .prefault([])
      .describe('Addresses to answer on; all of this host by default, also those that come later.')
      .meta({ example: '[10.0.1.2]' }),
    port: z.int().min(0).max(65535).prefault(69).describe('The port that requests come to.'),
    roots: z
      .array(filePath)
      .prefault([])
      .describe('Directories whose files are served beside the boot programs.')
      .meta({ example: '[/srv/tftp]' }),
    link_targets: z
      .array(filePath)
      .prefault([])
      .describe('Directories that links in `roots` may lead to; other links out of them are refused.')
      .meta({ example: '[/srv/images]' }),
    single_port: z
      .boolean()
      .prefault(false)
      .describe('Whether transfers stay on the port of the request, for firewalls and address translation.'),
    port_range: z
      .tuple([z.int().min(1), z.int().max(65535)])
      .optional()
      .describe('Ports that transfers use; any free one by default.')
      .meta({ example: '[30000, 31999]' }),
    transfers: z.int().min(1).prefault(2000).describe('Transfers at once.'),
    transfers_per_client: z
      .int()
      .min(1)
      .prefault(32)
      .describe(
        'Transfers at once of one address; more where many machines share one, behind address translation.',
      ),
    requests_per_client: z
      .int()
      .min(1)
      .prefault(20)
      .describe(
        'Requests a second of one address, and three times as many at once. What is over it is not answered.',
      ),
    block_size_max: z
      .int()
      .min(512)
      .max(65464)
      .optional()
      .describe(
        "The largest block, in octets; by default what one packet of the interface's MTU holds, 1468 at 1500.",
      )
      .meta({ example: '1468' }),
    window_size_max: z
      .int()
      .min(1)
      // One more, and where 1 follows 65535 the first and the last block of a window would have the same number.
      .max(65534)
      .prefault(64)
      .describe('The most blocks that are sent before one is acknowledged.'),
    rollover: z
      .literal([0, 1])
      .prefault(0)
      .describe('The block number after 65535: 0 for nearly every client, 1 for a few old ones.'),
    case_insensitive: z
      .boolean()
      .prefault(false)
      .describe(
        'Whether names of files in `roots` may differ in case, as clients of Windows servers expect.',
      ),
  })
  .prefault({});
