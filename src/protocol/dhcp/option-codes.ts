/**
 * Option codes that Railhead reads or writes (RFC 2132 unless said otherwise). Other options are passed on as bytes.
 */
export const OptionCode = {
  pad: 0,
  subnetMask: 1,
  router: 3,
  domainNameServer: 6,
  hostName: 12,
  /** Never sent: edk2 reads it as the size of the boot file and then does not ask TFTP for the size. */
  bootFileSize: 13,
  domainName: 15,
  interfaceMtu: 26,
  broadcastAddress: 28,
  ntpServers: 42,
  vendorSpecific: 43,
  requestedAddress: 50,
  leaseTime: 51,
  overload: 52,
  messageType: 53,
  serverIdentifier: 54,
  parameterRequestList: 55,
  message: 56,
  maximumMessageSize: 57,
  renewalTime: 58,
  rebindingTime: 59,
  vendorClass: 60,
  clientIdentifier: 61,
  tftpServerName: 66,
  bootFileName: 67,
  /** RFC 3004. */
  userClass: 77,
  /** RFC 4039. */
  rapidCommit: 80,
  /** RFC 4702. */
  clientFqdn: 81,
  /** RFC 3046. */
  relayAgentInformation: 82,
  /** RFC 4578 section 2.1. */
  clientArchitecture: 93,
  /** RFC 4578 section 2.2. */
  networkInterface: 94,
  /** RFC 4578 section 2.3. */
  machineIdentifier: 97,
  /** RFC 3011. */
  subnetSelection: 118,
  /** RFC 3397. */
  domainSearch: 119,
  /** RFC 3442. */
  classlessRoutes: 121,
  /** RFC 5859. */
  tftpServerAddresses: 150,
  /** Not registered: the encapsulated options of iPXE. */
  ipxe: 175,
  end: 255,
} as const;

/** Values of option 53 (RFC 2132 section 9.6; RFC 3203; RFC 4388). */
export const MessageType = {
  discover: 1,
  offer: 2,
  request: 3,
  decline: 4,
  ack: 5,
  nak: 6,
  release: 7,
  inform: 8,
} as const;

const MESSAGE_TYPE_NAMES = [
  'BOOTP',
  'DHCPDISCOVER',
  'DHCPOFFER',
  'DHCPREQUEST',
  'DHCPDECLINE',
  'DHCPACK',
  'DHCPNAK',
  'DHCPRELEASE',
  'DHCPINFORM',
  'DHCPFORCERENEW',
  'DHCPLEASEQUERY',
  'DHCPLEASEUNASSIGNED',
  'DHCPLEASEUNKNOWN',
  'DHCPLEASEACTIVE',
];

/** The name of a message type as the RFCs write it, `DHCPDISCOVER`; `BOOTP` for a message without a type. */
export function messageTypeName(type: number | undefined): string {
  return MESSAGE_TYPE_NAMES[type ?? 0] ?? `DHCP type ${type}`;
}
