import { z } from 'zod';
import { filePath, listenAddress } from './values.ts';

/** Requests that a client may send at once, as a multiple of those that it may send per second. */
const REQUEST_BURST = 3;

/** `tftp`: TFTP. */
export const tftp = z
  .strictObject({
    enabled: z
      .boolean()
      .prefault(false)
      .describe('Whether to answer TFTP. Port 69 needs root or CAP_NET_BIND_SERVICE.')
      .meta({ example: 'true' }),
    listen: z
      .array(listenAddress)
      .prefault([])
      .describe(
        'Addresses to answer on. By default all addresses of this host, including those it gets later.',
      )
      .meta({ example: '[10.0.1.2]' }),
    port: z.int().min(0).max(65535).prefault(69).describe('The UDP port that requests are sent to.'),
    roots: z
      .array(filePath)
      .prefault([])
      .describe('Directories whose files are served in addition to the boot programs.')
      .meta({ example: '[/srv/tftp]' }),
    link_targets: z
      .array(filePath)
      .prefault([])
      .describe(
        'Directories that symbolic links in `roots` may point into. Other links that leave `roots` are refused.',
      )
      .meta({ example: '[/srv/images]' }),
    single_port: z
      .boolean()
      .prefault(false)
      .describe('Whether transfers use the port that the request came to, for firewalls and NAT.'),
    port_range: z
      .tuple([z.int().min(1), z.int().max(65535)])
      .optional()
      .describe('First and last port that transfers may use. By default any free port.')
      .meta({ example: '[30000, 31999]' }),
    transfers: z.int().min(1).prefault(2000).describe('Transfers at once, to all clients together.'),
    transfers_per_client: z
      .int()
      .min(1)
      .prefault(32)
      .describe(
        'Transfers at once to one address. Raise it where many machines share an address behind NAT.',
      ),
    requests_per_client: z
      .int()
      .min(1)
      .prefault(20)
      .describe(
        'Requests a second from one address; a burst may be three times as large. Further requests get no answer, and the client asks again.',
      ),
    block_size_max: z
      .int()
      .min(512)
      .max(65464)
      .optional()
      .describe(
        "The largest block, in bytes. By default the largest that fits into one packet at the interface's MTU: 1468 at an MTU of 1500.",
      )
      .meta({ example: '1468' }),
    window_size_max: z
      .int()
      .min(1)
      // With one more, and 1 following 65535, the first and the last block of a window would have the same number.
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

/** The settings of TFTP for its server: where it listens, which files it serves, and how it sends them. */
export function toTftpSettings(settings: z.output<typeof tftp>) {
  const [first, last] = settings.port_range ?? [];
  return {
    listen: settings.listen,
    port: settings.port,
    files: {
      roots: settings.roots,
      linkTargets: settings.link_targets,
      caseInsensitive: settings.case_insensitive,
    },
    transfers: {
      singlePort: settings.single_port,
      transfersMax: settings.transfers,
      transfersPerClientMax: settings.transfers_per_client,
      requestsPerSecond: settings.requests_per_client,
      requestBurst: REQUEST_BURST * settings.requests_per_client,
      windowsizeMax: settings.window_size_max,
      rollover: settings.rollover,
      ...(settings.block_size_max !== undefined && { blksizeMax: settings.block_size_max }),
      ...(first !== undefined && last !== undefined && { portRange: { first, last } }),
    },
  };
}
