import type { DhcpOptions } from '../protocol/dhcp/message.ts';
import { hexFromBytes } from '../protocol/dhcp/read-option.ts';
import type { JsonObject } from '../provision/json-value.ts';
import { addressesOf, type Machine } from '../provision/machines/machine.ts';

/**
 * The document of a machine, in the form of machines/*.yaml: the reader makes the same machine of it. The values of DHCP
 * options are written in hex, since the types that they were written in are not kept.
 */
export function machineDocumentOf(machine: Machine): JsonObject {
  const { bootProgram, clientIds, dhcpSending, disabled, hostname, id, labels, leaseSeconds } = machine;
  const { localBoot, macs, metadata, serial, switchPort, uuid } = machine;
  const addresses = addressesOf(machine);
  const options = [
    ...optionsOf(machine.dhcpOptions),
    ...[...(machine.networkOptions ?? [])].flatMap(([network, own]) => optionsOf(own, network)),
  ];
  return {
    id,
    ...(macs.length > 0 && { mac: oneOrMany(macs) }),
    ...(clientIds !== undefined && { client_id: oneOrMany(clientIds) }),
    ...(switchPort !== undefined && {
      switch_port: {
        ...(switchPort.circuitId !== undefined && { circuit_id: switchPort.circuitId }),
        ...(switchPort.remoteId !== undefined && { remote_id: switchPort.remoteId }),
      },
    }),
    ...(uuid !== undefined && { uuid }),
    ...(serial !== undefined && { serial }),
    ...(Object.keys(labels).length > 0 && { labels: { ...labels } }),
    ...(Object.keys(metadata).length > 0 && { metadata }),
    ...(addresses.length > 0 && { address: oneOrMany(addresses) }),
    ...(hostname !== undefined && { hostname }),
    ...(bootProgram !== undefined && { boot_program: bootProgram }),
    ...(options.length > 0 && { dhcp_options: options }),
    ...((dhcpSending?.force ?? []).length > 0 && { dhcp_force: [...(dhcpSending?.force ?? [])] }),
    ...((dhcpSending?.suppress ?? []).length > 0 && { dhcp_suppress: [...(dhcpSending?.suppress ?? [])] }),
    ...(leaseSeconds !== undefined && {
      lease_seconds: leaseSeconds === Infinity ? 'infinite' : leaseSeconds,
    }),
    ...(localBoot !== undefined && { local_boot: localBoot }),
    ...(disabled === true && { disabled }),
  };
}

function oneOrMany(texts: readonly string[]): string | string[] {
  const [first, ...others] = texts;
  return first !== undefined && others.length === 0 ? first : [...texts];
}

function optionsOf(options: DhcpOptions | undefined, network?: string): JsonObject[] {
  return [...(options ?? [])].map(([code, bytes]) => ({
    code,
    type: 'hex',
    value: hexFromBytes(bytes),
    ...(network !== undefined && { network }),
  }));
}
