import type { BootDecider, MachineDecision } from '../catalog/boot-decider.ts';
import type { LocalBoots } from '../machines/local-boots.ts';
import { findClientArchitecture } from '../protocol/dhcp/client-architecture.ts';
import { dhcpLabels } from '../provision/dhcp/boot/dhcp-labels.ts';
import { leavesOutBootLoader, mayStartNetworkBoot } from '../provision/boot/decide-boot.ts';
import type { BootPlan, BootPlanQuery } from '../provision/dhcp/boot/boot-plan.ts';
import type { DhcpOptions } from '../protocol/dhcp/message.ts';
import type { Machine } from '../provision/machines/machine.ts';
import { composeSending } from '../protocol/dhcp/option-sending.ts';
import { localBootOf } from './local-boot.ts';
import { bootTarget, type BootTargetSources } from '../provision/dhcp/boot/boot-target.ts';

/** What boot plans depend on. */
export interface BootPlanParts {
  readonly decider: BootDecider;
  readonly localBoots: Pick<LocalBoots, 'find'>;
  readonly bootPrograms: BootTargetSources;
  /** Origin of the boot plane over HTTP for clients that reach us at this address. */
  readonly originFor: (serverAddress: string) => string;
}

/**
 * What DHCP sends to a client besides its address: boot options, unless its machine is disabled, and the options and
 * the lease time of its group and record, whether or not it boots.
 */
export function composeBootPlan(parts: BootPlanParts, query: BootPlanQuery): BootPlan {
  const { identification, serverAddress } = query;
  const { machine } = identification;
  const decided = parts.decider.decide(dhcpLabels(query, parts.decider.selectorLabels), identification);
  const { decision, resolution } = decided;
  const { group } = resolution;
  const machineOptions = machine && optionsOn(machine, query.subnet.id);
  const sending = composeSending(group?.dhcpSending, machine?.dhcpSending);
  return {
    ...(decision.kind === 'boot' || getsBootFile(decided, parts, query)
      ? { boot: bootTarget(parts.bootPrograms, query, parts.originFor(serverAddress), group?.bootPrograms) }
      : { reason: decision.reason }),
    ...(group !== undefined && { groupOptions: group.dhcpOptions }),
    ...(machineOptions !== undefined && { machineOptions }),
    ...(sending !== undefined && { sending }),
    ...(machine?.leaseSeconds !== undefined && { leaseSeconds: machine.leaseSeconds }),
  };
}

/**
 * Whether a client that boots from its disk is told of a boot file all the same. UEFI without a boot file asks again
 * for a minute; a file that is then refused ends its attempt at once. That needs files that are asked for here.
 */
function getsBootFile(
  decided: MachineDecision,
  { localBoots }: Pick<BootPlanParts, 'localBoots'>,
  { client, serverAddress, subnet }: BootPlanQuery,
): boolean {
  const { decision } = decided;
  const localBoot = decision.kind === 'local' ? localBootOf(decided, localBoots) : undefined;
  if (mayStartNetworkBoot(decision, localBoot)) return true;
  if (!leavesOutBootLoader(decision, localBoot)) return false;
  const isOurs = subnet.nextServer === undefined || subnet.nextServer === serverAddress;
  return isOurs && client.ipxe === undefined && findClientArchitecture(client.arch ?? 0)?.firmware === 'uefi';
}

/** The options of a machine's record on a network. */
function optionsOn({ dhcpOptions, networkOptions }: Machine, network: string): DhcpOptions | undefined {
  const own = networkOptions?.get(network);
  if (own === undefined) return dhcpOptions;
  return dhcpOptions === undefined ? own : new Map([...dhcpOptions, ...own]);
}
