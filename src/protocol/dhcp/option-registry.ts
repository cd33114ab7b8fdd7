import { hostAddressFault } from '../host-address.ts';
import { type Ipv4Address, parseIpv4, UNSPECIFIED_ADDRESS } from '../ipv4-address.ts';
import { isHostName } from './domain-search.ts';
import type { OptionType, OptionValue } from './option-value.ts';

/** One row of IANA's registry "BOOTP Vendor Extensions and DHCP Options". */
export interface RegisteredOption {
  readonly code: number;
  readonly name: string;
  /** The types its value may have; the first one is the default. */
  readonly types: readonly [OptionType, ...OptionType[]];
  /** The document that defines it. */
  readonly source: string;
  /** What is wrong with a value of the right type; undefined if it is valid. */
  readonly check?: (value: OptionValue) => string | undefined;
}

type Row = readonly [
  code: number,
  name: string,
  types: OptionType | readonly [OptionType, ...OptionType[]],
  source: string,
  check?: RegisteredOption['check'],
];

const atLeast =
  (min: number): RegisteredOption['check'] =>
  ({ value }) => {
    const numbers = (Array.isArray(value) ? value : [value]) as readonly unknown[];
    return numbers.every((one) => Number(one) >= min) ? undefined : `must be ${min} or more`;
  };

const domainName: RegisteredOption['check'] = ({ type, value }) =>
  type !== 'text' || isHostName(value.replace(/\.$/, ''))
    ? undefined
    : 'is not one domain name of letters, digits and hyphens';

const hostName: RegisteredOption['check'] = ({ type, value }) =>
  type !== 'text' || isHostName(value) ? undefined : 'is not a host name of letters, digits and hyphens';

/** Addresses of routers and servers, which clients send packets to. */
const hosts: RegisteredOption['check'] = ({ type, value }) => {
  if (type === 'ip') return hostFault([value]);
  return type === 'ip-list' ? hostFault(value) : undefined;
};

/** A server that clients may look up in DNS; as an address it must be one that a host can have. */
const hostOrName: RegisteredOption['check'] = ({ type, value }) => {
  const address = type === 'text' ? parseIpv4(value) : undefined;
  return address && hostFault([address]);
};

/** RFC 2132 section 5.8: pairs of a destination and its router. */
const staticRoutes: RegisteredOption['check'] = ({ type, value }) => {
  if (type !== 'ip-pair-list') return undefined;
  if (value.some(([destination]) => destination === UNSPECIFIED_ADDRESS))
    return 'has a default route, which RFC 2132 does not allow here: give it as option 3 or 121';
  return hostFault(value.map(([, router]) => router));
};

/** What is wrong with a list of classless routes: 0.0.0.0 alone means "on the link" (RFC 3442); undefined if nothing. */
export function classlessRoutesFault({ type, value }: OptionValue): string | undefined {
  if (type !== 'classless-routes') return undefined;
  return hostFault(value.map(({ router }) => router).filter((router) => router !== UNSPECIFIED_ADDRESS));
}

function hostFault(addresses: readonly Ipv4Address[]): string | undefined {
  const wrong = addresses.find((address) => hostAddressFault(address) !== undefined);
  return wrong && `must have addresses of hosts: ${wrong} ${hostAddressFault(wrong)}`;
}

/** RFC 2132 section 8.7: B, P, M and H nodes. */
const nodeType: RegisteredOption['check'] = ({ value }) =>
  [1, 2, 4, 8].includes(Number(value)) ? undefined : 'must be 1, 2, 4 or 8';

// IANA, "BOOTP Vendor Extensions and DHCP Options", without the codes that it lists as unassigned, removed, for private
// use (224 to 254) or in conflicting use by several vendors (128 to 135, 175 to 177): settings give the type of those.
// Options whose structure has no type in the settings are given in hex.
const ROWS: readonly Row[] = [
  [1, 'Subnet Mask', 'ip', 'RFC 2132'],
  [2, 'Time Offset', 'int32', 'RFC 2132'],
  [3, 'Router', 'ip-list', 'RFC 2132', hosts],
  [4, 'Time Server', 'ip-list', 'RFC 2132', hosts],
  [5, 'Name Server (IEN 116)', 'ip-list', 'RFC 2132', hosts],
  [6, 'Domain Name Server', 'ip-list', 'RFC 2132', hosts],
  [7, 'Log Server', 'ip-list', 'RFC 2132', hosts],
  [8, 'Quotes Server', 'ip-list', 'RFC 2132', hosts],
  [9, 'LPR Server', 'ip-list', 'RFC 2132', hosts],
  [10, 'Impress Server', 'ip-list', 'RFC 2132', hosts],
  [11, 'RLP Server', 'ip-list', 'RFC 2132', hosts],
  [12, 'Host Name', 'text', 'RFC 2132', hostName],
  [13, 'Boot File Size', 'uint16', 'RFC 2132'],
  [14, 'Merit Dump File', 'text', 'RFC 2132'],
  [15, 'Domain Name', 'text', 'RFC 2132', domainName],
  [16, 'Swap Server', 'ip', 'RFC 2132', hosts],
  [17, 'Root Path', 'text', 'RFC 2132'],
  [18, 'Extensions File', 'text', 'RFC 2132'],
  [19, 'IP Forwarding', 'boolean', 'RFC 2132'],
  [20, 'Non-Local Source Routing', 'boolean', 'RFC 2132'],
  [21, 'Policy Filter', 'ip-pair-list', 'RFC 2132'],
  [22, 'Maximum Datagram Reassembly Size', 'uint16', 'RFC 2132', atLeast(576)],
  [23, 'Default IP Time-to-live', 'uint8', 'RFC 2132', atLeast(1)],
  [24, 'Path MTU Aging Timeout', 'uint32', 'RFC 2132'],
  [25, 'Path MTU Plateau Table', 'uint16-list', 'RFC 2132', atLeast(68)],
  [26, 'Interface MTU', 'uint16', 'RFC 2132', atLeast(68)],
  [27, 'All Subnets are Local', 'boolean', 'RFC 2132'],
  [28, 'Broadcast Address', 'ip', 'RFC 2132'],
  [29, 'Perform Mask Discovery', 'boolean', 'RFC 2132'],
  [30, 'Mask Supplier', 'boolean', 'RFC 2132'],
  [31, 'Perform Router Discovery', 'boolean', 'RFC 2132'],
  [32, 'Router Solicitation Address', 'ip', 'RFC 2132'],
  [33, 'Static Route', 'ip-pair-list', 'RFC 2132', staticRoutes],
  [34, 'Trailer Encapsulation', 'boolean', 'RFC 2132'],
  [35, 'ARP Cache Timeout', 'uint32', 'RFC 2132'],
  [36, 'Ethernet Encapsulation', 'boolean', 'RFC 2132'],
  [37, 'TCP Default TTL', 'uint8', 'RFC 2132', atLeast(1)],
  [38, 'TCP Keepalive Interval', 'uint32', 'RFC 2132'],
  [39, 'TCP Keepalive Garbage', 'boolean', 'RFC 2132'],
  [40, 'NIS Domain', 'text', 'RFC 2132'],
  [41, 'NIS Servers', 'ip-list', 'RFC 2132', hosts],
  [42, 'NTP Servers', 'ip-list', 'RFC 2132', hosts],
  [43, 'Vendor Specific Information', ['hex', 'text', 'sub-options'], 'RFC 2132'],
  [44, 'NetBIOS Name Server', 'ip-list', 'RFC 2132', hosts],
  [45, 'NetBIOS Datagram Distribution Server', 'ip-list', 'RFC 2132', hosts],
  [46, 'NetBIOS Node Type', 'uint8', 'RFC 2132', nodeType],
  [47, 'NetBIOS Scope', 'text', 'RFC 2132'],
  [48, 'X Window Font Server', 'ip-list', 'RFC 2132', hosts],
  [49, 'X Window Display Manager', 'ip-list', 'RFC 2132', hosts],
  [50, 'Requested IP Address', 'ip', 'RFC 2132'],
  [51, 'IP Address Lease Time', 'uint32', 'RFC 2132'],
  [52, 'Option Overload', 'uint8', 'RFC 2132'],
  [53, 'DHCP Message Type', 'uint8', 'RFC 2132'],
  [54, 'Server Identifier', 'ip', 'RFC 2132'],
  [55, 'Parameter Request List', 'hex', 'RFC 2132'],
  [56, 'Message', 'text', 'RFC 2132'],
  [57, 'Maximum DHCP Message Size', 'uint16', 'RFC 2132'],
  [58, 'Renewal (T1) Time', 'uint32', 'RFC 2132'],
  [59, 'Rebinding (T2) Time', 'uint32', 'RFC 2132'],
  [60, 'Vendor Class Identifier', 'text', 'RFC 2132'],
  [61, 'Client Identifier', 'hex', 'RFC 2132'],
  [62, 'NetWare/IP Domain Name', 'text', 'RFC 2242'],
  [63, 'NetWare/IP Information', 'hex', 'RFC 2242'],
  [64, 'NIS+ Domain', 'text', 'RFC 2132'],
  [65, 'NIS+ Servers', 'ip-list', 'RFC 2132', hosts],
  [66, 'TFTP Server Name', 'text', 'RFC 2132', hostOrName],
  [67, 'Boot File Name', 'text', 'RFC 2132'],
  [68, 'Mobile IP Home Agent', 'ip-list', 'RFC 2132', hosts],
  [69, 'SMTP Server', 'ip-list', 'RFC 2132', hosts],
  [70, 'POP3 Server', 'ip-list', 'RFC 2132', hosts],
  [71, 'NNTP Server', 'ip-list', 'RFC 2132', hosts],
  [72, 'WWW Server', 'ip-list', 'RFC 2132', hosts],
  [73, 'Finger Server', 'ip-list', 'RFC 2132', hosts],
  [74, 'IRC Server', 'ip-list', 'RFC 2132', hosts],
  [75, 'StreetTalk Server', 'ip-list', 'RFC 2132', hosts],
  [76, 'StreetTalk Directory Assistance Server', 'ip-list', 'RFC 2132', hosts],
  [77, 'User Class', ['hex', 'text'], 'RFC 3004'],
  [78, 'SLP Directory Agent', 'hex', 'RFC 2610'],
  [79, 'SLP Service Scope', 'hex', 'RFC 2610'],
  [80, 'Rapid Commit', 'hex', 'RFC 4039'],
  [81, 'Client FQDN', 'hex', 'RFC 4702'],
  [82, 'Relay Agent Information', 'hex', 'RFC 3046'],
  [83, 'iSNS', 'hex', 'RFC 4174'],
  [85, 'NDS Servers', 'ip-list', 'RFC 2241', hosts],
  [86, 'NDS Tree Name', 'text', 'RFC 2241'],
  [87, 'NDS Context', 'text', 'RFC 2241'],
  [88, 'BCMCS Controller Domain Names', 'hex', 'RFC 4280'],
  [89, 'BCMCS Controller Addresses', 'ip-list', 'RFC 4280', hosts],
  [90, 'Authentication', 'hex', 'RFC 3118'],
  [91, 'Client Last Transaction Time', 'uint32', 'RFC 4388'],
  [92, 'Associated IP', 'ip-list', 'RFC 4388'],
  [93, 'Client System Architecture', 'uint16-list', 'RFC 4578'],
  [94, 'Client Network Interface', 'hex', 'RFC 4578'],
  [95, 'LDAP', 'text', 'RFC 3679'],
  [97, 'Client Machine Identifier (UUID)', 'hex', 'RFC 4578'],
  [98, 'User Authentication Protocol', 'text', 'RFC 2485'],
  [99, 'Civic Location', 'hex', 'RFC 4776'],
  [100, 'Time Zone, POSIX', 'text', 'RFC 4833'],
  [101, 'Time Zone, TZ Database', 'text', 'RFC 4833'],
  [108, 'IPv6-Only Preferred', 'uint32', 'RFC 8925'],
  [109, 'DHCP 4o6 Softwire Source Address', 'hex', 'RFC 8539'],
  [112, 'NetInfo Address', 'ip-list', 'RFC 3679', hosts],
  [113, 'NetInfo Tag', 'text', 'RFC 3679'],
  [114, 'Captive Portal', 'text', 'RFC 8910'],
  [116, 'Auto-Configure', 'uint8', 'RFC 2563'],
  [117, 'Name Service Search', 'uint16-list', 'RFC 2937'],
  [118, 'Subnet Selection', 'ip', 'RFC 3011'],
  [119, 'Domain Search', 'domain-search', 'RFC 3397'],
  [120, 'SIP Servers', 'hex', 'RFC 3361'],
  [121, 'Classless Static Route', 'classless-routes', 'RFC 3442', classlessRoutesFault],
  [122, 'CableLabs Client Configuration', 'hex', 'RFC 3495'],
  [123, 'Geographic Location', 'hex', 'RFC 6225'],
  [124, 'Vendor-Identifying Vendor Class', 'hex', 'RFC 3925'],
  [125, 'Vendor-Identifying Vendor-Specific Information', 'hex', 'RFC 3925'],
  [136, 'PANA Authentication Agent', 'ip-list', 'RFC 5192', hosts],
  [137, 'LoST Server', 'hex', 'RFC 5223'],
  [138, 'CAPWAP Access Controller', 'ip-list', 'RFC 5417', hosts],
  [139, 'MoS Addresses', 'hex', 'RFC 5678'],
  [140, 'MoS Domain Names', 'hex', 'RFC 5678'],
  [141, 'SIP UA Configuration Service Domains', 'hex', 'RFC 6011'],
  [142, 'ANDSF Addresses', 'ip-list', 'RFC 6153', hosts],
  [143, 'SZTP Redirect', 'hex', 'RFC 8572'],
  [144, 'Geospatial Location', 'hex', 'RFC 6225'],
  [145, 'FORCERENEW Nonce Capable', 'hex', 'RFC 6704'],
  [146, 'RDNSS Selection', 'hex', 'RFC 6731'],
  [147, 'DOTS Reference Identifier', 'hex', 'RFC 8973'],
  [148, 'DOTS Addresses', 'ip-list', 'RFC 8973', hosts],
  // GRUB and Etherboot use the same code for a path.
  [150, 'TFTP Server Address', ['ip-list', 'text'], 'RFC 5859', hosts],
  [151, 'Status Code', 'hex', 'RFC 6926'],
  [152, 'Base Time', 'uint32', 'RFC 6926'],
  [153, 'Start Time of State', 'uint32', 'RFC 6926'],
  [154, 'Query Start Time', 'uint32', 'RFC 6926'],
  [155, 'Query End Time', 'uint32', 'RFC 6926'],
  [156, 'DHCP State', 'uint8', 'RFC 6926'],
  [157, 'Data Source', 'uint8', 'RFC 6926'],
  [158, 'PCP Server', 'hex', 'RFC 7291'],
  [159, 'Port Parameters', 'hex', 'RFC 7618'],
  [161, 'MUD URL', 'text', 'RFC 8520'],
  [162, 'Encrypted DNS Server', 'hex', 'RFC 9463'],
  [208, 'PXELINUX Magic', 'hex', 'RFC 5071'],
  [209, 'PXELINUX Configuration File', 'text', 'RFC 5071'],
  [210, 'PXELINUX Path Prefix', 'text', 'RFC 5071'],
  [211, 'PXELINUX Reboot Time', 'uint32', 'RFC 5071'],
  [212, '6RD', 'hex', 'RFC 5969'],
  [213, 'Access Network Domain Name', 'hex', 'RFC 5986'],
  [220, 'Subnet Allocation', 'hex', 'RFC 6656'],
  [221, 'Virtual Subnet Selection', 'hex', 'RFC 6607'],
];

/** Every registered option whose type is known, by code. */
export const OPTION_REGISTRY: ReadonlyMap<number, RegisteredOption> = new Map(
  ROWS.map(([code, name, types, source, check]) => [
    code,
    {
      code,
      name,
      types: typeof types === 'string' ? ([types] as const) : types,
      source,
      ...(check !== undefined && { check }),
    },
  ]),
);
