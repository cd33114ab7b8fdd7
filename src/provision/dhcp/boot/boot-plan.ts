import type { DhcpOptions } from '../../../protocol/dhcp/message.ts';
import type { Ipv4Address } from '../../../protocol/ipv4-address.ts';
import type { MacAddress } from '../../../protocol/mac-address.ts';
import type { Identification, IdentityClaims } from '../../machines/identification.ts';
import type { Subnet } from '../subnets/subnet.ts';
import type { BootClient } from '../client/boot-client.ts';

/** What a client could be given to boot; boot-answer.ts chooses by what the client is. */
export interface BootTarget {
  /** TFTP path of the first program for firmware of this architecture; absent if there is none. */
  readonly bootProgram?: string;
  /**
   * TFTP path for a client that is neither PXE nor HTTP Boot nor iPXE and takes its file from the header: U-Boot without
   * PXE, and whatever hardware a machine's record names a boot program for.
   */
  readonly plainProgram?: string;
  /** URL of the same for HTTP Boot; its path ends in `.efi` where the firmware is UEFI. */
  readonly httpBootUrl?: string;
  /** URL of the iPXE script. */
  readonly scriptUrl: string;
  /** Our own iPXE for an iPXE that lacks a feature it needs, as a complete `tftp:` or `http:` URL. */
  readonly ownIpxeUrl?: string;
  /** Whether every iPXE but our own must first load ours. */
  readonly requireOwnIpxe?: boolean;
}

/** What catalog and settings specify for one client. */
export interface BootPlan {
  /** Absent: the client gets an address and no boot file, so that firmware goes on to its next boot device. */
  readonly boot?: BootTarget;
  /** Why there is nothing to boot, for the event: "the machine is disabled". */
  readonly reason?: string;
  /** Options of the group; they win over the subnet's. */
  readonly groupOptions?: DhcpOptions;
  /** Options of the machine; they win over the group's. */
  readonly machineOptions?: DhcpOptions;
  /** Instead of the subnet's lease time; Infinity is a lease without end. */
  readonly leaseSeconds?: number;
}

/** What the plan may depend on. */
export interface BootPlanQuery {
  readonly client: BootClient;
  /** Absent for InfiniBand, and for hardware that is not Ethernet. */
  readonly mac?: MacAddress;
  /** Who the client is, as far as machine records tell. */
  readonly identification: Identification;
  /** What the request says of who sends it, with what its relay adds. */
  readonly claims?: IdentityClaims;
  /** Options of the request. */
  readonly options?: DhcpOptions;
  readonly subnet: Subnet;
  /** Our address as the client sees it: what URLs must lead to. */
  readonly serverAddress: Ipv4Address;
}

/** Looks the plan up. Called once or twice an exchange, so it must be fast, and it must not throw. */
export type FindBootPlan = (query: BootPlanQuery) => BootPlan;
