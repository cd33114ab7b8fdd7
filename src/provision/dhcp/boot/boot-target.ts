import { findClientArchitecture } from '../../../protocol/dhcp/client-architecture.ts';
import { IpxeFeature } from '../../../protocol/dhcp/ipxe-options.ts';
import {
  type BootProgramSources,
  chooseBootProgram,
  type ProgramsByArchitecture,
} from '../../boot/boot-programs.ts';
import type { BootPlanQuery, BootTarget } from './boot-plan.ts';

/** What boot targets depend on. */
export interface BootTargetSources extends BootProgramSources {
  /** Whether every iPXE that is not our build must first load our boot program for its architecture. */
  readonly requireOwnIpxe: boolean;
}

/**
 * What a client could be given to boot; `origin` is the boot plane over HTTP as the client reaches it. Where another
 * host is the TFTP server (`next_server`), we cannot check which files it has: TFTP names are given without a check,
 * and HTTP offers only files that are here.
 */
export function bootTarget(
  sources: BootTargetSources,
  { client, identification, serverAddress, subnet }: BootPlanQuery,
  origin: string,
  groupPrograms?: ProgramsByArchitecture,
): BootTarget {
  const tftpServer = subnet.nextServer ?? serverAddress;
  const elsewhere = tftpServer !== serverAddress;
  const named = identification.machine?.bootProgram;
  const program =
    named ?? chooseBootProgram(client, sources, elsewhere, [groupPrograms, subnet.bootPrograms]);
  const scriptUrl = `${origin}/boot.ipxe`;
  if (program === undefined) return { scriptUrl };
  // A boot file that a record names is not checked: the operator chose it.
  const isHere = sources.found.has(program) || named !== undefined || !elsewhere;
  const httpUrl = isHere ? `${origin}/boot/${program}` : undefined;
  const features = client.ipxe?.features;
  const onlyHttp = features?.has(IpxeFeature.http) === true && !features.has(IpxeFeature.tftp);
  const ownIpxeUrl = onlyHttp ? httpUrl : `tftp://${tftpServer}/${program}`;
  const plainProgram = named ?? (client.uBoot ? program : undefined);
  const firmware = client.arch === undefined ? undefined : findClientArchitecture(client.arch)?.firmware;
  // UEFI HTTP Boot accepts only paths that end in .efi.
  const byHttp = firmware === 'bios' || firmware === 'u-boot' || program.endsWith('.efi');
  return {
    scriptUrl,
    bootProgram: program,
    ...(plainProgram !== undefined && { plainProgram }),
    ...(ownIpxeUrl !== undefined && { ownIpxeUrl }),
    requireOwnIpxe: sources.requireOwnIpxe,
    ...(byHttp && httpUrl !== undefined && { httpBootUrl: httpUrl }),
  };
}
