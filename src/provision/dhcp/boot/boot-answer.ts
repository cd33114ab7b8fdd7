import { findClientArchitecture } from '../../../protocol/dhcp/client-architecture.ts';
import { IPXE_NO_PROXY_WAIT, IpxeFeature } from '../../../protocol/dhcp/ipxe-options.ts';
import { OptionCode } from '../../../protocol/dhcp/option-codes.ts';
import { encodeText } from '../../../protocol/dhcp/option-value.ts';
import {
  PXE_BOOT_FILE_DIRECTLY,
  PXE_BOOT_FILE_DIRECTLY_WITH_PROMPT,
  PXE_RASPBERRY_PI,
} from '../../../protocol/dhcp/pxe-options.ts';
import { type Ipv4Address, parseIpv4 } from '../../../protocol/ipv4-address.ts';
import type { Subnet } from '../subnets/subnet.ts';
import type { BootClient, IpxeClient } from '../client/boot-client.ts';
import type { BootTarget } from './boot-plan.ts';

/** The header fields and options that make a reply a boot answer. */
export interface BootAnswer {
  readonly siaddr: Ipv4Address;
  readonly sname: string;
  /** Empty where the name does not fit into the field; then only option 67 has it. */
  readonly file: string;
  /** The complete name or URL to load; undefined for a Raspberry Pi, which loads files with fixed names. */
  readonly bootFile?: string;
  readonly options: ReadonlyMap<number, Uint8Array>;
  /** Whether the client needs a name server to load it. */
  readonly needsDns: boolean;
}

/** Options that belong to the boot answer: for a client that boots, settings cannot override them. */
export const BOOT_OPTION_CODES: ReadonlySet<number> = new Set([
  OptionCode.vendorSpecific,
  OptionCode.vendorClass,
  OptionCode.tftpServerName,
  OptionCode.bootFileName,
  OptionCode.ipxe,
]);

const FILE_TEXT_MAX = 127;
const VENDOR_CLASS_PXE = encodeText('PXEClient');
const VENDOR_CLASS_HTTP = encodeText('HTTPClient');

/**
 * The boot answer for a client, chosen by what it says it is in this packet; undefined if there is nothing for it to
 * boot.
 *
 * `leases` says whether the reply also leases an address. It matters only for UEFI in proxy mode: firmware older than
 * edk2 of April 2017 ignores a proxy's offer that has option 43 (tianocore/edk2#6944), so option 43 is left out, which
 * sends the client to port 4011. Where we lease, option 60 is sent only together with 43, since 60 alone also sends the
 * client to port 4011.
 */
export function bootAnswer(
  client: BootClient,
  target: BootTarget,
  subnet: Subnet,
  serverAddress: Ipv4Address,
  leases: boolean,
): BootAnswer | undefined {
  const server = subnet.nextServer ?? serverAddress;
  if (client.kind === undefined) return plainAnswer(target, server);
  if (client.ipxe !== undefined) return ipxeAnswer(client, client.ipxe, target, server, leases);
  if (client.kind === 'http') return httpAnswer(target, server);
  if (client.raspberryPi) return raspberryPiAnswer(server);
  return pxeAnswer(client, target, subnet, server, leases);
}

function pxeAnswer(
  client: BootClient,
  target: BootTarget,
  subnet: Subnet,
  server: Ipv4Address,
  leases: boolean,
): BootAnswer | undefined {
  if (target.bootProgram === undefined) return undefined;
  const answer = namedAnswer(target.bootProgram, server, VENDOR_CLASS_PXE);
  const bios = client.arch === undefined || findClientArchitecture(client.arch)?.firmware === 'bios';
  if (leases || bios || subnet.uefiProxyStyle === 'discovery8') {
    answer.options.set(
      OptionCode.vendorSpecific,
      subnet.pxePrompt ? PXE_BOOT_FILE_DIRECTLY_WITH_PROMPT : PXE_BOOT_FILE_DIRECTLY,
    );
  }
  return answer;
}

function ipxeAnswer(
  client: BootClient,
  ipxe: IpxeClient,
  target: BootTarget,
  server: Ipv4Address,
  leases: boolean,
): BootAnswer {
  const chain = target.ownIpxeUrl !== undefined && mustLoadOurs(client, ipxe, target);
  const file = chain ? (target.ownIpxeUrl ?? target.scriptUrl) : target.scriptUrl;
  const answer = namedAnswer(file, server, VENDOR_CLASS_PXE, '');
  // iPXE is told not to wait for proxies only where we lease: as the proxy, we are the one it must wait for.
  if (leases) answer.options.set(OptionCode.ipxe, IPXE_NO_PROXY_WAIT);
  return answer;
}

/** Whether an iPXE must first load our build. Our build never has to, which ends the chain. */
function mustLoadOurs(client: BootClient, ipxe: IpxeClient, target: BootTarget): boolean {
  if (ipxe.ours) return false;
  if (target.requireOwnIpxe === true) return true;
  const { features } = ipxe;
  if (features === undefined) return false;
  // VirtualBox's ROM calls itself iPXE and can neither load a Linux kernel nor, without its extension pack, use TFTP.
  const loader = client.arch === 0 ? IpxeFeature.bzImage : undefined;
  const scheme = target.scriptUrl.startsWith('https:') ? IpxeFeature.https : IpxeFeature.http;
  return !features.has(scheme) || (loader !== undefined && !features.has(loader));
}

function httpAnswer(target: BootTarget, server: Ipv4Address): BootAnswer | undefined {
  const url = target.httpBootUrl;
  if (url === undefined) return undefined;
  const options = new Map<number, Uint8Array>([
    [OptionCode.vendorClass, VENDOR_CLASS_HTTP],
    [OptionCode.bootFileName, encodeText(url)],
  ]);
  return {
    siaddr: server,
    sname: '',
    file: url.length <= FILE_TEXT_MAX ? url : '',
    bootFile: url,
    options,
    needsDns: !hasAddressAsHost(url),
  };
}

/**
 * A Raspberry Pi's ROM reads the menu entry in option 43 and the server in option 66, and loads files with fixed names.
 */
function raspberryPiAnswer(server: Ipv4Address): BootAnswer {
  const options = new Map<number, Uint8Array>([
    [OptionCode.vendorClass, VENDOR_CLASS_PXE],
    [OptionCode.vendorSpecific, PXE_RASPBERRY_PI],
    [OptionCode.tftpServerName, encodeText(server)],
  ]);
  return { siaddr: server, sname: '', file: '', options, needsDns: false };
}

/**
 * For a client that is not a known boot client: the file in the BOOTP header, and no vendor class that would mark it as
 * a PXE client.
 */
function plainAnswer({ plainProgram }: BootTarget, server: Ipv4Address): BootAnswer | undefined {
  if (plainProgram === undefined) return undefined;
  return namedAnswer(plainProgram, server, undefined, '');
}

function namedAnswer(
  bootFile: string,
  server: Ipv4Address,
  vendorClass: Uint8Array | undefined,
  sname: string = server,
): BootAnswer & { readonly options: Map<number, Uint8Array> } {
  const options = new Map<number, Uint8Array>();
  if (vendorClass !== undefined) options.set(OptionCode.vendorClass, vendorClass);
  options.set(OptionCode.tftpServerName, encodeText(server));
  options.set(OptionCode.bootFileName, encodeText(bootFile));
  // The name is in the header field, which shim reads, and in option 67, which edk2 reads first. siaddr is always set,
  // since edk2 and iPXE do not read option 66.
  const file = bootFile.length <= FILE_TEXT_MAX ? bootFile : '';
  return { siaddr: server, sname, file, bootFile, options, needsDns: false };
}

function hasAddressAsHost(url: string): boolean {
  const host = /^[a-z]+:\/\/(?:[^/@]*@)?([^/:]+)/i.exec(url)?.[1] ?? '';
  return parseIpv4(host) !== undefined;
}
