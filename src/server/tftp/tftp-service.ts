import path from 'node:path';
import { type Ipv4Address, UNSPECIFIED_ADDRESS } from '../../protocol/ipv4-address.ts';
import type { InterfaceWatcher } from '../../host/interface-watcher.ts';
import type { BootProgramFile } from '../../host/boot-program-files.ts';
import { bootProgramContent } from './content/boot-program-content.ts';
import { DirectoryContent, type DirectorySettings } from './content/directory-content.ts';
import { HotFiles } from './content/hot-files.ts';
import { firstContentOf, type TftpFileRequest } from './content/tftp-content.ts';
import type { TftpReportParts } from './tftp-report.ts';
import { TftpServer } from './tftp-server.ts';
import type { TftpSettings } from './tftp-settings.ts';
import { virtualContent } from './content/virtual-content.ts';

/** What a TFTP service depends on. */
export interface TftpServiceParts extends TftpReportParts {
  readonly settings: {
    /** If empty, every address of this host. */
    readonly listen: readonly Ipv4Address[];
    readonly port: number;
    /** The operator's own files. */
    readonly files: DirectorySettings;
    readonly transfers: Partial<TftpSettings>;
  };
  readonly programs: ReadonlyMap<string, BootProgramFile>;
  /** Lists the addresses, and notifies of changes. */
  readonly watcher: InterfaceWatcher;
  /** Whether the client with this address is answered. */
  readonly serves: (address: Ipv4Address) => boolean;
  /** Whether the card at an address is one that settings exclude. */
  readonly neverAnswers?: ((address: Ipv4Address) => boolean) | undefined;
  /** The first script for an iPXE that sent its request to this address of ours. */
  readonly bootScript: (localAddress: Ipv4Address, client: Ipv4Address) => string;
  /** Why a client gets no boot program; undefined if it may get one. */
  readonly withhold: (client: Ipv4Address) => string | undefined;
  /** The file in which GRUB looks for its configuration; undefined if the path is not one. */
  readonly grubConfig: (request: TftpFileRequest) => string | undefined;
}

/** The file that iPXE requests by itself from the place of its own program, and the name of the same file in HTTP. */
const SCRIPT_NAMES: ReadonlySet<string> = new Set(['autoexec.ipxe', 'boot.ipxe']);

/**
 * Starts TFTP: the operator's files first, then scripts for iPXE and GRUB, then boot programs. Rejects with UdpBindError, which
 * names the port and says what to do.
 */
export async function startTftp(parts: TftpServiceParts): Promise<TftpServer> {
  const { log, now, programs, settings } = parts;
  const hot = new HotFiles();
  const scripts = virtualContent((request) =>
    SCRIPT_NAMES.has(path.posix.basename(request.path))
      ? parts.bootScript(request.localAddress, request.clientAddress)
      : parts.grubConfig(request),
  );
  const listen = settings.listen.length > 0 ? settings.listen : [UNSPECIFIED_ADDRESS];
  const server = await TftpServer.start({
    ...parts,
    listeners: listen.map((address) => ({ address, port: settings.port })),
    settings: settings.transfers,
    content: firstContentOf([
      new DirectoryContent(settings.files, hot, now),
      scripts,
      bootProgramContent(programs, hot, parts.withhold),
    ]),
  });
  log.info({ tftp: server.addresses.map(({ address, port }) => `${address}:${port}`) }, 'tftp is ready');
  return server;
}
