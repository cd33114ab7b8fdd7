import type { DhcpOptions } from '../../../protocol/dhcp/message.ts';
import type { OptionSetting } from '../../../protocol/dhcp/option-setting.ts';
import { encodeOptionValue } from '../../../protocol/dhcp/option-value.ts';
import type { Ipv4Address } from '../../../protocol/ipv4-address.ts';
import type { Ipv4Cidr } from '../../../protocol/ipv4-cidr.ts';
import type { Selector } from '../../selection/selector.ts';

/**
 * full: Railhead leases addresses and says what to boot. proxy: another server leases, Railhead says what to boot.
 * auto: decided for each packet (decide-mode.ts). off: the subnet is known and gets no answer.
 */
export type SubnetMode = 'full' | 'proxy' | 'auto' | 'off';

/** Addresses from `first` to `last`, both included. */
export interface AddressRange {
  readonly first: Ipv4Address;
  readonly last: Ipv4Address;
}

/** Addresses for clients without a reservation. */
export interface Pool extends AddressRange {
  /** Selects the clients that get them by their labels; if absent, all. */
  readonly selector?: Selector;
}

/** Options for the devices of a maker. */
export interface VendorOptions {
  /** How their vendor class (option 60) begins. */
  readonly vendorClass: string;
  readonly options: readonly OptionSetting[];
}

/** One IPv4 network that Railhead answers on. */
export interface Subnet {
  /** Unique name of the operator's choice. */
  readonly id: string;
  /** Networks of different subnets do not overlap. */
  readonly cidr: Ipv4Cidr;
  readonly mode: SubnetMode;
  /** The addresses for unknown clients; may be empty, and then only reservations are served. */
  readonly pools: readonly Pool[];
  /** Parts of the pools that are never given out. */
  readonly exclude: readonly AddressRange[];
  /** Whether pools skip addresses ending in .0 and .255, which some old stacks refuse inside a large network. */
  readonly skipOctetEdges: boolean;
  /** Our address as this subnet's clients see it (option 54); default: the address to which the packet was sent. */
  readonly serverAddress?: Ipv4Address;
  /** The address of the TFTP server (siaddr); default: the server address. */
  readonly nextServer?: Ipv4Address;
  /** Option 3. */
  readonly routers: readonly Ipv4Address[];
  /** Option 6. */
  readonly dns: readonly Ipv4Address[];
  /** Option 42. */
  readonly ntp: readonly Ipv4Address[];
  /** Option 15. */
  readonly domain?: string;
  /** Further options; they override the ones above. */
  readonly options: readonly OptionSetting[];
  /** Options by what option 60 of a client begins with; the first entry counts, and its options override the others. */
  readonly vendorOptions: readonly VendorOptions[];
  /** The boot program for an architecture (option 93), instead of what the settings have for all networks. */
  readonly bootPrograms?: ReadonlyMap<number, string>;
  /** Whether to refuse (DHCPNAK) addresses that do not belong here, as a network's only server does. */
  readonly authoritative: boolean;
  /** For installed systems; Infinity is a lease without end. */
  readonly leaseSeconds: number;
  /** For firmware and iPXE, which never renew and rarely release. */
  readonly bootLeaseSeconds: number;
  /** Relay addresses (giaddr) outside `cidr` whose requests belong to this subnet. */
  readonly relays: readonly Ipv4Address[];
  /** Subnets with the same name here share one link: a client gets an address of the first one with a free address. */
  readonly sharedNetwork?: string;
  /** Whether clients without a machine record are answered. */
  readonly allowUnknown: 'discover' | 'ignore';
  /** In mode auto: whether Railhead may lease if it has seen no other server. */
  readonly allowAutoFull: boolean;
  /** Whether to answer only known machines while another DHCP server is present. */
  readonly requireSoleServer: boolean;
  /** How UEFI continues in proxy mode: with a boot server on port 4011, or at once with option 43. */
  readonly uefiProxyStyle: 'binl' | 'discovery8';
  /** Whether option 43 contains a menu prompt, which some ROMs require. */
  readonly pxePrompt: boolean;
  /** Whether proxy mode answers the DHCPREQUEST that old Intel ROMs send to the leasing server. */
  readonly intelReplyRequest: boolean;
}

/** The required settings of a subnet; all others have defaults. */
export type SubnetSettings = Pick<Subnet, 'id' | 'cidr' | 'mode'> & Partial<Subnet>;

/** A subnet with the defaults for omitted settings. */
export function defineSubnet(settings: SubnetSettings): Subnet {
  const pools = settings.pools ?? [];
  return {
    exclude: [],
    skipOctetEdges: true,
    routers: [],
    dns: [],
    ntp: [],
    options: [],
    vendorOptions: [],
    // Only the server that leases on a network may refuse addresses there.
    authoritative: settings.mode === 'full' && pools.length > 0,
    leaseSeconds: 3600,
    bootLeaseSeconds: 600,
    relays: [],
    allowUnknown: 'discover',
    allowAutoFull: false,
    requireSoleServer: false,
    uefiProxyStyle: 'binl',
    pxePrompt: false,
    intelReplyRequest: false,
    ...settings,
    pools,
  };
}

/** The options as bytes by code. Throws RangeError for a value that cannot be encoded. */
export function encodeOptionSettings(settings: readonly OptionSetting[]): DhcpOptions {
  return new Map(settings.map(({ code, value }) => [code, encodeOptionValue(value)]));
}
