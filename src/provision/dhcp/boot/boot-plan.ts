import type { DhcpOptions } from '../../../protocol/dhcp/message.ts';
import type { Ipv4Address } from '../../../protocol/ipv4-address.ts';
import type { MacAddress } from '../../../protocol/mac-address.ts';
import type { Identification, IdentityClaims } from '../../machines/identification.ts';
import type { Subnet } from '../subnets/subnet.ts';
import type { BootClient } from '../client/boot-client.ts';
import type { ComposedSending } from '../../../protocol/dhcp/option-sending.ts';

/** What a client could be given to boot; boot-answer.ts chooses according to the kind of client. */
export interface BootTarget {
  /** TFTP path of the first program for firmware of this architecture; absent if there is none. */
  readonly bootProgram?: string;
  /**
   * TFTP path for a client that is neither PXE nor HTTP Boot nor iPXE and uses the file in the header: U-Boot without
   * PXE, and any hardware whose machine record names a boot program.
   */
  readonly plainProgram?: string;
  /** URL of the same for HTTP Boot; its path ends in `.efi` if the firmware is UEFI. */
  readonly httpBootUrl?: string;
  /** URL of the iPXE script. */
  readonly scriptUrl: string;
  /** Our own iPXE for an iPXE that lacks a required feature, as a complete `tftp:` or `http:` URL. */
  readonly ownIpxeUrl?: string;
  /** Whether every iPXE except our own must first load ours. */
  readonly requireOwnIpxe?: boolean;
}

/** What catalog and settings specify for one client. */
export interface BootPlan {
  /** Absent: the client gets an address and no boot file, so that firmware goes on to its next boot device. */
  readonly boot?: BootTarget;
  /** Why there is nothing to boot, for the event: "the machine is disabled". */
  readonly reason?: string;
  /** Options of the group; they override the subnet's. */
  readonly groupOptions?: DhcpOptions;
  /** Options of the machine; they override the group's. */
  readonly machineOptions?: DhcpOptions;
  /** What is sent or left out whatever the client asks for. */
  readonly sending?: ComposedSending;
  /** Replaces the subnet's lease time; Infinity is a lease without end. */
  readonly leaseSeconds?: number;
}

/** What the plan may depend on. */
export interface BootPlanQuery {
  readonly client: BootClient;
  /** Absent for InfiniBand, and for hardware that is not Ethernet. */
  readonly mac?: MacAddress;
  /** The client's machine, according to the records. */
  readonly identification: Identification;
  /** What the request says about its sender, including what a relay added. */
  readonly claims?: IdentityClaims;
  /** Options of the request. */
  readonly options?: DhcpOptions;
  readonly subnet: Subnet;
  /** Our address as the client sees it, for use in URLs. */
  readonly serverAddress: Ipv4Address;
}

/** Looks the plan up. Called once or twice for each exchange, so it must be fast, and must not throw. */
export type FindBootPlan = (query: BootPlanQuery) => BootPlan;
