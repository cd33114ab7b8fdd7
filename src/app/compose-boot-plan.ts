import type { Generation } from '../catalog/generation.ts';
import { dhcpLabels } from '../provision/dhcp/boot/dhcp-labels.ts';
import type { BootPlan, BootPlanQuery } from '../provision/dhcp/boot/boot-plan.ts';
import { bootTarget, type BootTargetSources } from '../provision/dhcp/boot/boot-target.ts';

/** What boot plans are composed from. */
export interface BootPlanParts {
  readonly generation: () => Generation | undefined;
  readonly bootPrograms: BootTargetSources;
  /** Origin of the boot plane over HTTP for clients that reach us at this address. */
  readonly originFor: (serverAddress: string) => string;
}

/** What the catalog wants for a DHCP client: boot options, unless its machine is disabled, and the group's options. */
export function composeBootPlan(parts: BootPlanParts, query: BootPlanQuery): BootPlan {
  const { identification, serverAddress } = query;
  const { machine } = identification;
  if (machine?.disabled === true) return { reason: `machine ${machine.id} is disabled` };
  const group = parts.generation()?.resolve(dhcpLabels(query), identification).group;
  // A machine without a group boots, too: iPXE shows that it waits, and it is seen.
  const boot = bootTarget(parts.bootPrograms, query, parts.originFor(serverAddress));
  return {
    boot,
    ...(group !== undefined && { groupOptions: group.dhcpOptions }),
    ...(machine?.dhcpOptions !== undefined && { machineOptions: machine.dhcpOptions }),
    ...(machine?.leaseSeconds !== undefined && { leaseSeconds: machine.leaseSeconds }),
  };
}
