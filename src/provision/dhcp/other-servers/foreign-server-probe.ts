import { BOOTREPLY, BOOTREQUEST, type DhcpMessage } from '../../../protocol/dhcp/message.ts';
import { messageTypeOf } from '../../../protocol/dhcp/message.ts';
import { MessageType, OptionCode } from '../../../protocol/dhcp/option-codes.ts';
import { readAddress, readText } from '../../../protocol/dhcp/read-option.ts';
import { type Ipv4Address, UNSPECIFIED_ADDRESS } from '../../../protocol/ipv4-address.ts';
import { type MacAddress, macToBytes } from '../../../protocol/mac-address.ts';

/**
 * A DHCPDISCOVER that makes other servers of a link answer. It is sent from port 67 of `localAddress` to
 * 255.255.255.255 as if relayed, so that the answers arrive at port 67 of that address: port 68 belongs to the host's
 * own client. `mac` should be random and locally administered. It looks like a PXE client, to see what such clients are
 * told.
 */
export function foreignServerProbe(localAddress: Ipv4Address, mac: MacAddress, xid: number): DhcpMessage {
  return {
    op: BOOTREQUEST,
    htype: 1,
    hlen: 6,
    hops: 0,
    xid,
    secs: 0,
    flags: 0,
    ciaddr: UNSPECIFIED_ADDRESS,
    yiaddr: UNSPECIFIED_ADDRESS,
    siaddr: UNSPECIFIED_ADDRESS,
    giaddr: localAddress,
    chaddr: macToBytes(mac),
    sname: '',
    file: '',
    options: new Map([
      [OptionCode.messageType, Uint8Array.of(MessageType.discover)],
      [
        OptionCode.parameterRequestList,
        Uint8Array.of(
          OptionCode.subnetMask,
          OptionCode.router,
          OptionCode.vendorSpecific,
          OptionCode.vendorClass,
          OptionCode.tftpServerName,
          OptionCode.bootFileName,
        ),
      ],
      [OptionCode.vendorClass, new TextEncoder().encode('PXEClient:Arch:00007:UNDI:003001')],
      [OptionCode.clientArchitecture, Uint8Array.of(0, 7)],
      [OptionCode.networkInterface, Uint8Array.of(1, 3, 1)],
    ]),
  };
}

/** What an answer to the probe shows about the server that sent it. */
export interface ProbeAnswer {
  readonly serverAddress: Ipv4Address;
  /** The address it would lease; undefined from a proxy, which leases none. */
  readonly offeredAddress?: Ipv4Address;
  /**
   * Option 60. If a server that leases sends it, PXE clients go to port 4011, which fails unless a server listens
   * there.
   */
  readonly vendorClass?: string;
  readonly hasVendorSpecific: boolean;
  /** The boot file that it sends to PXE clients. */
  readonly bootFile?: string;
  readonly nextServer?: Ipv4Address;
}

/** Reads an answer to the probe; undefined if the message is not one. */
export function readProbeAnswer(message: DhcpMessage, xid: number): ProbeAnswer | undefined {
  const { op, options, siaddr, yiaddr } = message;
  const serverAddress = readAddress(options, OptionCode.serverIdentifier);
  if (op !== BOOTREPLY || message.xid !== xid || serverAddress === undefined) return undefined;
  if (messageTypeOf(message) !== MessageType.offer) return undefined;
  const vendorClass = readText(options, OptionCode.vendorClass);
  const bootFile =
    readText(options, OptionCode.bootFileName) ?? (message.file === '' ? undefined : message.file);
  return {
    serverAddress,
    ...(yiaddr !== UNSPECIFIED_ADDRESS && { offeredAddress: yiaddr }),
    ...(vendorClass !== undefined && { vendorClass }),
    hasVendorSpecific: options.has(OptionCode.vendorSpecific),
    ...(bootFile !== undefined && { bootFile }),
    ...(siaddr !== UNSPECIFIED_ADDRESS && { nextServer: siaddr }),
  };
}
