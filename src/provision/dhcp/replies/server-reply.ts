import { maximumReplySize } from '../../../protocol/dhcp/encode.ts';
import type { DhcpMessage } from '../../../protocol/dhcp/message.ts';
import { MessageType, OptionCode } from '../../../protocol/dhcp/option-codes.ts';
import { encodeText, encodeUint32 } from '../../../protocol/dhcp/option-value.ts';
import { type Ipv4Address, ipv4ToBytes, UNSPECIFIED_ADDRESS } from '../../../protocol/ipv4-address.ts';
import { BOOT_OPTION_CODES } from '../boot/boot-answer.ts';
import type { PlannedBoot } from '../boot/plan-boot.ts';
import { optionsOfVendor } from '../subnets/compiled-subnet.ts';
import type { DhcpReply } from './dhcp-decision.ts';
import type { Exchange } from '../locate/exchange.ts';
import type { SubnetLeases } from '../leases/subnet-leases.ts';
import { replyDestination, replyFlags } from './reply-destination.ts';
import { replyMessage } from './reply-message.ts';

/** RFC 2131 section 3.3: a lease without end. */
const INFINITE_LEASE = 0xffff_ffff;
const MACHINE_IDENTIFIER_SIZE = 17;

/** The contents of a reply that gives an address or, without `leaseSeconds`, only settings. */
export interface ServerReplyContent {
  readonly type: number | undefined;
  readonly subnet: SubnetLeases;
  readonly ciaddr: Ipv4Address;
  readonly yiaddr: Ipv4Address;
  readonly leaseSeconds?: number;
  readonly boot: PlannedBoot;
  /** Option 54, where it differs from the default server identifier. */
  readonly serverIdentifier?: Ipv4Address;
  /** Option 81. */
  readonly fqdn?: Uint8Array;
}

/** A DHCPOFFER, DHCPACK or BOOTP reply of the server that leases (RFC 2131 table 3). */
export function serverReplyMessage(exchange: Exchange, content: ServerReplyContent): DhcpMessage {
  const { message } = exchange.packet;
  const { answer } = content.boot;
  const options = new Map<number, Uint8Array>();
  if (content.type !== undefined) {
    options.set(OptionCode.messageType, Uint8Array.of(content.type));
    options.set(
      OptionCode.serverIdentifier,
      ipv4ToBytes(content.serverIdentifier ?? exchange.serverIdentifier),
    );
  }
  if (content.leaseSeconds !== undefined && content.type !== undefined) {
    const seconds = Math.min(content.leaseSeconds, INFINITE_LEASE);
    options.set(OptionCode.leaseTime, encodeUint32(seconds));
    if (seconds < INFINITE_LEASE) {
      // RFC 2131 section 4.4.5.
      options.set(OptionCode.renewalTime, encodeUint32(Math.floor(seconds / 2)));
      options.set(OptionCode.rebindingTime, encodeUint32(Math.floor((seconds * 7) / 8)));
    }
  }
  options.set(OptionCode.subnetMask, content.subnet.compiled.netmask);
  if (content.fqdn !== undefined) options.set(OptionCode.clientFqdn, content.fqdn);
  addConfigured(options, exchange, content);
  if (answer !== undefined) for (const [code, value] of answer.options) options.set(code, value);
  for (const code of content.boot.plan.sending?.suppressed ?? []) options.delete(code);
  if (exchange.subnetSelection !== undefined) {
    options.set(OptionCode.subnetSelection, ipv4ToBytes(exchange.subnetSelection));
  }
  addEchoes(options, message);
  return replyMessage(message, {
    flags: replyFlags(message, content.type),
    ciaddr: content.ciaddr,
    yiaddr: content.yiaddr,
    siaddr: answer?.siaddr ?? UNSPECIFIED_ADDRESS,
    sname: answer?.sname ?? '',
    file: answer?.file ?? '',
    options,
  });
}

/** A DHCPNAK, which has only the server identifier and the reason (RFC 2131 table 3). */
export function refusalMessage(exchange: Exchange, why: string): DhcpMessage {
  const { message } = exchange.packet;
  const options = new Map<number, Uint8Array>([
    [OptionCode.messageType, Uint8Array.of(MessageType.nak)],
    [OptionCode.serverIdentifier, ipv4ToBytes(exchange.serverIdentifier)],
    [OptionCode.message, encodeText(why)],
  ]);
  addEchoes(options, message, 'refusal');
  return replyMessage(message, { flags: replyFlags(message, MessageType.nak), options });
}

/** A reply decision, with its destination and size limits. */
export function replyDecision(
  exchange: Exchange,
  message: DhcpMessage,
  type: number | undefined,
  extra: Pick<DhcpReply, 'changes' | 'renewal' | 'events' | 'probe' | 'leaseName'>,
): DhcpReply {
  const request = exchange.packet.message;
  return {
    kind: 'reply',
    message,
    limits: {
      maxSize: maximumReplySize(request.options),
      requested: request.options.get(OptionCode.parameterRequestList),
    },
    destination: replyDestination(exchange.packet, type, exchange.relay),
    ...(exchange.match !== undefined && { machineId: exchange.match.machine.id }),
    ...extra,
  };
}

/** Options that are echoed: 61 (RFC 6842), 97 (RFC 4578), and 82 if a relay added it (RFC 3046). */
export function addEchoes(options: Map<number, Uint8Array>, request: DhcpMessage, kind?: 'refusal'): void {
  const clientId = request.options.get(OptionCode.clientIdentifier);
  if (clientId !== undefined && clientId.length > 0) options.set(OptionCode.clientIdentifier, clientId);
  const machineId = request.options.get(OptionCode.machineIdentifier);
  if (kind !== 'refusal' && machineId?.length === MACHINE_IDENTIFIER_SIZE && machineId[0] === 0) {
    options.set(OptionCode.machineIdentifier, machineId);
  }
  const relayInformation = request.options.get(OptionCode.relayAgentInformation);
  if (relayInformation !== undefined) options.set(OptionCode.relayAgentInformation, relayInformation);
}

function addConfigured(
  options: Map<number, Uint8Array>,
  exchange: Exchange,
  { subnet, boot: { answer, plan } }: ServerReplyContent,
): void {
  const boots = exchange.client.kind !== undefined;
  const hostname = exchange.match?.machine.hostname;
  const vendorOptions = optionsOfVendor(subnet.compiled, exchange.client.vendorClass);
  const add = (code: number): void => {
    // The boot file is chosen for each client; and edk2 reads option 13 as its size.
    if (options.has(code) || code === OptionCode.bootFileSize || (boots && BOOT_OPTION_CODES.has(code)))
      return;
    const value =
      plan.machineOptions?.get(code) ??
      (code === OptionCode.hostName && hostname !== undefined ? encodeText(hostname) : undefined) ??
      plan.groupOptions?.get(code) ??
      vendorOptions?.get(code) ??
      subnet.compiled.options.get(code);
    if (value !== undefined) options.set(code, value);
  };
  const requested = exchange.packet.message.options.get(OptionCode.parameterRequestList);
  if (requested !== undefined) {
    for (const code of requested) add(code);
    for (const code of plan.sending?.forced ?? []) add(code);
    if (answer?.needsDns === true) add(OptionCode.domainNameServer);
    return;
  }
  // A client without a parameter request list gets all options, which RFC 2131 section 4.3.1 leaves to the server.
  if (hostname !== undefined) add(OptionCode.hostName);
  for (const layer of [plan.machineOptions, plan.groupOptions, vendorOptions, subnet.compiled.options]) {
    if (layer !== undefined) for (const code of layer.keys()) add(code);
  }
}
