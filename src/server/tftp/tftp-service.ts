import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { type Ipv4Address, UNSPECIFIED_ADDRESS } from '../../protocol/ipv4-address.ts';
import type { BlockRollover } from '../../protocol/tftp/data-header.ts';
import type { InterfaceWatcher } from '../../host/interface-watcher.ts';
import type { BootProgramFile } from '../../host/boot-program-files.ts';
import { bootProgramContent } from './content/boot-program-content.ts';
import { DirectoryContent } from './content/directory-content.ts';
import { HotFiles } from './content/hot-files.ts';
import { firstContentOf, type TftpFileRequest } from './content/tftp-content.ts';
import type { TftpReportParts } from './tftp-report.ts';
import { TftpServer } from './tftp-server.ts';
import { virtualContent } from './content/virtual-content.ts';

/** What a TFTP service is put together from. */
export interface TftpServiceParts extends Pick<TftpReportParts, 'counters' | 'events' | 'findMac' | 'log'> {
  readonly settings: {
    /** Empty: every address of this host. */
    readonly listen: readonly Ipv4Address[];
    readonly port: number;
    /** Folders whose files are served. */
    readonly roots: readonly string[];
    /** Where links in them may lead. */
    readonly link_targets: readonly string[];
    readonly single_port: boolean;
    readonly port_range?: readonly [first: number, last: number] | undefined;
    readonly transfers: number;
    readonly transfers_per_client: number;
    readonly requests_per_client: number;
    readonly block_size_max?: number | undefined;
    readonly window_size_max: number;
    readonly rollover: BlockRollover;
    readonly case_insensitive: boolean;
  };
  readonly programs: ReadonlyMap<string, BootProgramFile>;
  /** Tells which addresses there are, and when that changes. */
  readonly watcher: InterfaceWatcher;
  /** Whether the client with this address gets any answer. */
  readonly serves: (address: Ipv4Address) => boolean;
  /** The first script for an iPXE that asks this address of ours. */
  readonly bootScript: (localAddress: Ipv4Address, client: Ipv4Address) => string;
  /** Why a client gets no boot program of ours; undefined: it may have them. */
  readonly withhold: (client: Ipv4Address) => string | undefined;
  /** The file by which GRUB finds its configuration; undefined if the path is no such file's. */
  readonly grubConfig: (request: TftpFileRequest) => string | undefined;
}

/** What iPXE asks for by itself where its own program came from, and the name under which HTTP has the same. */
const SCRIPT_NAMES: ReadonlySet<string> = new Set(['autoexec.ipxe', 'boot.ipxe']);

/**
 * Starts TFTP: the operator's files first, then scripts for iPXE and GRUB, then boot programs. Rejects with UdpBindError, which
 * names the port and says what to do.
 */
export async function startTftp(parts: TftpServiceParts): Promise<TftpServer> {
  const { counters, events, findMac, log, programs, serves, settings, watcher } = parts;
  const hot = new HotFiles();
  const now = (): number => performance.now();
  const scripts = virtualContent((request) =>
    SCRIPT_NAMES.has(path.posix.basename(request.path))
      ? parts.bootScript(request.localAddress, request.clientAddress)
      : parts.grubConfig(request),
  );
  const listen = settings.listen.length > 0 ? settings.listen : [UNSPECIFIED_ADDRESS];
  const server = await TftpServer.start({
    listeners: listen.map((address) => ({ address, port: settings.port })),
    settings: {
      singlePort: settings.single_port,
      transfersMax: settings.transfers,
      transfersPerClientMax: settings.transfers_per_client,
      requestsPerSecond: settings.requests_per_client,
      requestBurst: 3 * settings.requests_per_client,
      windowsizeMax: settings.window_size_max,
      rollover: settings.rollover,
      ...(settings.block_size_max !== undefined && { blksizeMax: settings.block_size_max }),
      ...(settings.port_range && {
        portRange: { first: settings.port_range[0], last: settings.port_range[1] },
      }),
    },
    serves,
    watcher,
    content: firstContentOf([
      new DirectoryContent(
        {
          roots: settings.roots,
          linkTargets: settings.link_targets,
          caseInsensitive: settings.case_insensitive,
        },
        hot,
        now,
      ),
      scripts,
      bootProgramContent(programs, hot, parts.withhold),
    ]),
    counters,
    events,
    findMac,
    log,
    now,
    date: () => new Date(),
  });
  log.info({ tftp: server.addresses.map(({ address, port }) => `${address}:${port}`) }, 'tftp is ready');
  return server;
}
