import type { Generation } from '../catalog/generation.ts';
import { bootProgramFor } from '../provision/boot-programs.ts';
import type { BootPlan, BootPlanQuery, BootTarget } from '../provision/dhcp/boot-plan.ts';

/** What boot plans are composed from. */
export interface BootPlanParts {
  readonly generation: () => Generation | undefined;
  /** Names of the boot programs that TFTP and HTTP have. */
  readonly programs: ReadonlySet<string>;
  /** Origin of the boot plane over HTTP for clients that reach us at this address. */
  readonly originFor: (serverAddress: string) => string;
}

/** What the catalog wants for a DHCP client: boot options, unless its machine is disabled, and the group's options. */
export function composeBootPlan(parts: BootPlanParts, query: BootPlanQuery): BootPlan {
  const { client, mac, machine, serverAddress } = query;
  if (machine?.disabled === true) return { reason: `machine ${machine.id} is disabled` };
  const labels = new Map<string, string>();
  const known = mac ?? machine?.macs[0];
  if (known !== undefined) labels.set('mac', known);
  if (client.uuid !== undefined) labels.set('uuid', client.uuid);
  const match = parts.generation()?.resolve(labels).match;
  // A machine without a group boots, too: iPXE shows that it waits, and it is seen.
  const boot = bootTarget(parts, query, parts.originFor(serverAddress));
  return { boot, ...(match !== undefined && { groupOptions: match.group.dhcpOptions }) };
}

function bootTarget({ programs }: BootPlanParts, query: BootPlanQuery, origin: string): BootTarget {
  const { client, machine, serverAddress } = query;
  const program = machine?.bootProgram ?? bootProgramFor(client.arch, programs);
  return {
    scriptUrl: `${origin}/boot.ipxe`,
    ...(program !== undefined && {
      bootProgram: program,
      ownIpxeUrl: `tftp://${serverAddress}/${program}`,
      // UEFI HTTP Boot takes nothing whose path does not end so.
      ...(program.endsWith('.efi') && { httpBootUrl: `${origin}/boot/${program}` }),
    }),
  };
}
