import { findClientArchitecture } from '../../../protocol/dhcp/client-architecture.ts';
import { maximumReplySize } from '../../../protocol/dhcp/encode.ts';
import type { DhcpMessage } from '../../../protocol/dhcp/message.ts';
import { MessageType, OptionCode } from '../../../protocol/dhcp/option-codes.ts';
import { bootItemReply, readBootItem } from '../../../protocol/dhcp/pxe-options.ts';
import { readAddress } from '../../../protocol/dhcp/read-option.ts';
import { type Ipv4Address, ipv4ToBytes, UNSPECIFIED_ADDRESS } from '../../../protocol/ipv4-address.ts';
import type { BootAnswer } from '../boot/boot-answer.ts';
import type { BootPlan } from '../boot/boot-plan.ts';
import { planBoot } from '../boot/plan-boot.ts';
import { type DhcpDecision, ignore } from './dhcp-decision.ts';
import { type Exchange, isOurIdentifier } from '../locate/exchange.ts';
import type { DhcpSurroundings } from './surroundings.ts';
import { isReturnAddress } from '../locate/select-subnet.ts';
import { exchangeEvent } from '../locate/exchange-event.ts';
import { replyMessage } from './reply-message.ts';
import { addEchoes, replyDecision } from './server-reply.ts';

/** Maximum size of a reply on port 4011 as a multiple of the request: its source address may be forged. */
const AMPLIFICATION_MAX = 1.5;
const REPLY_SIZE_MIN = 300;

/**
 * Decides on a request on port 67 where another server leases: boot clients get an offer without an address, and others
 * no answer (PXE 2.1 section 2.2.3). A DHCPREQUEST is for the leasing server, unless it names us.
 */
export function serveProxyClient(exchange: Exchange, surroundings: DhcpSurroundings): DhcpDecision {
  const { client, packet, subnets, type } = exchange;
  if (client.kind === undefined || client.arch === undefined) return ignore('not_a_boot_client');
  if (type !== MessageType.discover && type !== MessageType.request) return ignore('message_type');
  if (type === MessageType.request) {
    const identifier = readAddress(packet.message.options, OptionCode.serverIdentifier);
    const ours = identifier !== undefined && isOurIdentifier(identifier, exchange, surroundings);
    // Old Intel ROMs wait for the proxy to answer the DHCPREQUEST that is meant for the other server.
    const intel =
      subnets[0].compiled.subnet.intelReplyRequest && isBios(client.arch) && client.ipxe === undefined;
    if (!ours && !intel) return ignore('other_server');
  }

  const { answer, noBoot, plan } = planBoot(exchange, subnets[0], surroundings.findBootPlan, false);
  if (answer === undefined) return nothingToBoot(exchange, noBoot);
  const verdict =
    answer.bootFile === undefined ? undefined : surroundings.bootLoops.serve(exchange, answer.bootFile);
  if (verdict?.allowed === false) return ignore('nothing_to_boot', verdict.events);
  const replyType = type === MessageType.discover ? MessageType.offer : MessageType.ack;
  const message = proxyMessage(exchange, replyType, answer, plan, {});
  const kind = type === MessageType.discover ? 'proxydhcp.offer' : 'proxydhcp.ack';
  const style = answer.options.has(OptionCode.vendorSpecific) ? 'with option 43' : 'without option 43';
  return replyDecision(exchange, message, replyType, {
    changes: [],
    renewal: false,
    events: [
      exchangeEvent(exchange, kind, `told to boot ${describeAnswer(answer)}, as proxy, ${style}`, {
        bootfile: answer.bootFile ?? '',
        option43: answer.options.has(OptionCode.vendorSpecific),
      }),
      ...(verdict?.events ?? []),
    ],
  });
}

/**
 * Decides on a request on port 4011, where PXE clients ask a boot server (PXE 2.1 section 2.2.4). It is answered in
 * every mode: a closed port makes some ROMs give up at once. The answer is sent to the source address of the request,
 * never broadcast, and its size is limited by that of the request.
 */
export function decideBootServerReply(exchange: Exchange, surroundings: DhcpSurroundings): DhcpDecision {
  const { client, packet, subnets, type } = exchange;
  const { message, source, ingress } = packet;
  if (type !== MessageType.request && type !== MessageType.inform) return ignore('message_type');
  if (client.kind === undefined || client.arch === undefined) return ignore('not_a_boot_client');
  const relayed = message.giaddr !== UNSPECIFIED_ADDRESS;
  if (message.ciaddr !== UNSPECIFIED_ADDRESS && message.ciaddr !== source.address && !relayed) {
    return ignore('spoofed_source');
  }
  if (!isReturnAddress(source.address, surroundings.book)) return ignore('no_return_address');

  const { answer, noBoot, plan } = planBoot(exchange, subnets[0], surroundings.findBootPlan, false);
  if (answer === undefined) return nothingToBoot(exchange, noBoot);
  const vendorSpecific = message.options.get(OptionCode.vendorSpecific);
  const item = vendorSpecific && readBootItem(vendorSpecific);
  const reply = proxyMessage(exchange, MessageType.ack, answer, plan, {
    ciaddr: message.ciaddr,
    // A client that selected a menu item gets that item back, and its own address, as from dnsmasq.
    ...(item !== undefined && { item, yiaddr: message.ciaddr }),
  });
  const sizeMax = Math.max(REPLY_SIZE_MIN, Math.floor(packet.size * AMPLIFICATION_MAX));
  const decision = replyDecision(exchange, reply, MessageType.ack, {
    changes: [],
    renewal: false,
    events: [
      exchangeEvent(
        exchange,
        'proxydhcp.ack',
        `told on port 4011 to boot ${describeAnswer(answer)}`,
        { bootfile: answer.bootFile ?? '' },
        source.address,
      ),
    ],
  });
  return {
    ...decision,
    limits: { ...decision.limits, maxSize: Math.min(maximumReplySize(message.options), sizeMax) },
    destination: { address: source.address, port: source.port, from: ingress },
  };
}

function nothingToBoot(exchange: Exchange, reason: string): DhcpDecision {
  return ignore('nothing_to_boot', [
    exchangeEvent(exchange, 'dhcp.ignored', `nothing to boot: ${reason}`, { reason }),
  ]);
}

function proxyMessage(
  exchange: Exchange,
  type: number,
  answer: BootAnswer,
  plan: BootPlan,
  extra: { readonly ciaddr?: Ipv4Address; readonly yiaddr?: Ipv4Address; readonly item?: Uint8Array },
): DhcpMessage {
  const { message } = exchange.packet;
  const options = new Map<number, Uint8Array>([
    [OptionCode.messageType, Uint8Array.of(type)],
    [OptionCode.serverIdentifier, ipv4ToBytes(exchange.serverIdentifier)],
  ]);
  for (const [code, value] of answer.options) options.set(code, value);
  for (const code of plan.sending?.suppressed ?? []) options.delete(code);
  if (extra.item !== undefined) options.set(OptionCode.vendorSpecific, bootItemReply(extra.item));
  addEchoes(options, message);
  return replyMessage(message, {
    ciaddr: extra.ciaddr ?? UNSPECIFIED_ADDRESS,
    yiaddr: extra.yiaddr ?? UNSPECIFIED_ADDRESS,
    siaddr: answer.siaddr,
    sname: answer.sname,
    file: answer.file,
    options,
  });
}

function describeAnswer({ bootFile }: BootAnswer): string {
  if (bootFile === undefined) return 'by Raspberry Pi file names';
  // rhboot/shim#165, rhboot/grub2#87: shim and GRUB read the DHCPACK and never a proxy's offer.
  const looksElsewhere = /(?:^|\/)(?:shim|grub)[^/]*$/i.test(bootFile);
  return looksElsewhere
    ? `${bootFile} (which loads its files from the server that leases addresses: boot it through iPXE instead)`
    : bootFile;
}

function isBios(arch: number): boolean {
  return findClientArchitecture(arch)?.firmware === 'bios';
}
