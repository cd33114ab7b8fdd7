import type { BootDecider } from '../catalog/boot-decider.ts';
import { findClientArchitecture } from '../protocol/dhcp/client-architecture.ts';
import { IpxeFeature } from '../protocol/dhcp/ipxe-options.ts';
import { dhcpLabels } from '../provision/dhcp/boot/dhcp-labels.ts';
import { bootProgramFor } from '../provision/boot/boot-programs.ts';
import { mayStartNetworkBoot } from '../provision/boot/decide-boot.ts';
import type { BootPlan, BootPlanQuery, BootTarget } from '../provision/dhcp/boot/boot-plan.ts';

/** What boot plans are composed from. */
export interface BootPlanParts {
  readonly decider: BootDecider;
  /** Names of the boot programs that TFTP and HTTP have. */
  readonly programs: ReadonlySet<string>;
  /** Whether every iPXE that is no build of ours first loads the boot program of its architecture. */
  readonly requireOwnIpxe: boolean;
  /** Origin of the boot plane over HTTP for clients that reach us at this address. */
  readonly originFor: (serverAddress: string) => string;
}

/**
 * What DHCP gives a client besides its address: boot options, unless its machine is disabled, and the options and the
 * lease time of its group and record, whether it boots or not.
 */
export function composeBootPlan(parts: BootPlanParts, query: BootPlanQuery): BootPlan {
  const { identification, serverAddress } = query;
  const { machine } = identification;
  const { decision, resolution } = parts.decider.decide(dhcpLabels(query), identification);
  const { group } = resolution;
  return {
    ...(decision.kind === 'boot' || mayStartNetworkBoot(decision)
      ? { boot: bootTarget(parts, query, parts.originFor(serverAddress)) }
      : { reason: decision.reason }),
    ...(group !== undefined && { groupOptions: group.dhcpOptions }),
    ...(machine?.dhcpOptions !== undefined && { machineOptions: machine.dhcpOptions }),
    ...(machine?.leaseSeconds !== undefined && { leaseSeconds: machine.leaseSeconds }),
  };
}

function bootTarget(
  { programs, requireOwnIpxe }: BootPlanParts,
  { client, identification, serverAddress, subnet }: BootPlanQuery,
  origin: string,
): BootTarget {
  const program = identification.machine?.bootProgram ?? bootProgramFor(client.arch, programs);
  const scriptUrl = `${origin}/boot.ipxe`;
  if (program === undefined) return { scriptUrl };
  const httpUrl = `${origin}/boot/${program}`;
  const bios = client.arch !== undefined && findClientArchitecture(client.arch)?.firmware === 'bios';
  const features = client.ipxe?.features;
  const onlyHttp = features?.has(IpxeFeature.http) === true && !features.has(IpxeFeature.tftp);
  return {
    scriptUrl,
    bootProgram: program,
    ownIpxeUrl: onlyHttp ? httpUrl : `tftp://${subnet.nextServer ?? serverAddress}/${program}`,
    requireOwnIpxe,
    // UEFI HTTP Boot takes nothing whose path does not end so.
    ...((bios || program.endsWith('.efi')) && { httpBootUrl: httpUrl }),
  };
}
