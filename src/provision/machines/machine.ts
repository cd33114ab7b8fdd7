import type { DhcpOptions } from '../../protocol/dhcp/message.ts';
import type { Ipv4Address } from '../../protocol/ipv4-address.ts';
import type { MacAddress } from '../../protocol/mac-address.ts';
import type { MachineUuid } from '../../protocol/machine-uuid.ts';
import type { OptionSending } from '../../protocol/dhcp/option-sending.ts';
import type { LocalBootSetting } from '../boot/local-boot.ts';
import type { JsonObject } from '../json-value.ts';

/** One physical or virtual computer, as files and inventory declare it. */
export interface Machine {
  /** Unique name of the operator's choice; for a discovered machine `discoveredMachineId`. */
  readonly id: string;
  /** Every network card that may boot; the first one is used where one must be named. */
  readonly macs: readonly MacAddress[];
  /** DHCP client identifiers (option 61) in lower-case hex, for hosts that are not identified by their MAC address. */
  readonly clientIds?: readonly string[];
  /** The switch port that the machine is connected to, as its relay reports it in option 82, in lower-case hex. */
  readonly switchPort?: { readonly circuitId?: string; readonly remoteId?: string };
  /** SMBIOS UUID, absent when unknown or a vendor's dummy. */
  readonly uuid?: MachineUuid;
  /** SMBIOS serial number, as the maker wrote it. */
  readonly serial?: string;
  /** Labels from the inventory; they win over those that the machine sends. */
  readonly labels: Readonly<Record<string, string>>;
  /** Template variables; they win over the group's and the profile's. */
  readonly metadata: JsonObject;
  /** The address reserved for this machine, within one of the subnets. */
  readonly address?: Ipv4Address;
  /** Further reserved addresses, in other subnets; a client gets the one of the link that it is on. */
  readonly furtherAddresses?: readonly Ipv4Address[];
  /** Host name (option 12), a DNS label or name. */
  readonly hostname?: string;
  /** The boot program to give its firmware instead of the architecture's default, for example `ipxe.efi`. */
  readonly bootProgram?: string;
  /** How it boots from its disk; wins over the profile's. `auto`: that is to be found out. */
  readonly localBoot?: LocalBootSetting;
  /** DHCP options for this machine; they win over the group's and the network's. */
  readonly dhcpOptions?: DhcpOptions;
  /** The same for one network alone, by the id of that; they override `dhcpOptions`. */
  readonly networkOptions?: ReadonlyMap<string, DhcpOptions>;
  /** Options that it gets or does not get whatever it asks for. */
  readonly dhcpSending?: OptionSending;
  /** Instead of the network's lease time; Infinity is a lease without end. */
  readonly leaseSeconds?: number;
  /** A disabled machine gets an address and no boot options, so that its firmware goes to the next boot device. */
  readonly disabled?: boolean;
}

/** The id of a machine that introduced itself and that nobody declares: `52-54-00-a1-9c-ae`. */
export function discoveredMachineId(mac: MacAddress): string {
  return mac.replaceAll(':', '-');
}

/** All addresses that are reserved for the machine. */
export function addressesOf({ address, furtherAddresses = [] }: Machine): readonly Ipv4Address[] {
  return address === undefined ? furtherAddresses : [address, ...furtherAddresses];
}
