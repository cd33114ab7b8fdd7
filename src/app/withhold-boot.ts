import type { BootDecider } from '../catalog/boot-decider.ts';
import type { ClientAddresses } from '../host/client-addresses.ts';
import type { LocalBoots } from '../machines/local-boots.ts';
import type { MachineRegistry } from '../machines/machine-registry.ts';
import { mayStartNetworkBoot } from '../provision/boot/decide-boot.ts';
import { localBootOf } from './local-boot.ts';

/**
 * Why the machine at this address gets no boot program and no first script; undefined if it may get them. TFTP and UEFI
 * HTTP Boot know a machine only by the network card behind its address, so a machine whose card is not known gets them.
 */
export function withholdBoot(
  address: string,
  parts: {
    readonly clients: Pick<ClientAddresses, 'findMac'>;
    readonly decider: BootDecider;
    readonly machines: MachineRegistry;
    readonly localBoots: Pick<LocalBoots, 'find'>;
  },
): string | undefined {
  const mac = parts.clients.findMac(address);
  if (mac === undefined) return undefined;
  const decided = parts.decider.decide(new Map([['mac', mac]]), parts.machines.identify({ mac }));
  const { decision } = decided;
  if (decision.kind === 'boot') return undefined;
  return mayStartNetworkBoot(decision, localBootOf(decided, parts.localBoots)) ? undefined : decision.reason;
}
