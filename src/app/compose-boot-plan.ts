import type { BootDecider } from '../catalog/boot-decider.ts';
import { dhcpLabels } from '../provision/dhcp/boot/dhcp-labels.ts';
import { mayStartNetworkBoot } from '../provision/boot/decide-boot.ts';
import type { BootPlan, BootPlanQuery } from '../provision/dhcp/boot/boot-plan.ts';
import type { DhcpOptions } from '../protocol/dhcp/message.ts';
import type { Machine } from '../provision/machines/machine.ts';
import { composeSending } from '../protocol/dhcp/option-sending.ts';
import { bootTarget, type BootTargetSources } from '../provision/dhcp/boot/boot-target.ts';

/** What boot plans depend on. */
export interface BootPlanParts {
  readonly decider: BootDecider;
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
  const { decision, resolution } = parts.decider.decide(
    dhcpLabels(query, parts.decider.selectorLabels),
    identification,
  );
  const { group } = resolution;
  const machineOptions = machine && optionsOn(machine, query.subnet.id);
  const sending = composeSending(group?.dhcpSending, machine?.dhcpSending);
  return {
    ...(decision.kind === 'boot' || mayStartNetworkBoot(decision)
      ? { boot: bootTarget(parts.bootPrograms, query, parts.originFor(serverAddress), group?.bootPrograms) }
      : { reason: decision.reason }),
    ...(group !== undefined && { groupOptions: group.dhcpOptions }),
    ...(machineOptions !== undefined && { machineOptions }),
    ...(sending !== undefined && { sending }),
    ...(machine?.leaseSeconds !== undefined && { leaseSeconds: machine.leaseSeconds }),
  };
}

/** The options of a machine's record on a network. */
function optionsOn({ dhcpOptions, networkOptions }: Machine, network: string): DhcpOptions | undefined {
  const own = networkOptions?.get(network);
  if (own === undefined) return dhcpOptions;
  return dhcpOptions === undefined ? own : new Map([...dhcpOptions, ...own]);
}
