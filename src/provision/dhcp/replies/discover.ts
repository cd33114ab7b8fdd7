import { MessageType, OptionCode } from '../../../protocol/dhcp/option-codes.ts';
import { readAddress } from '../../../protocol/dhcp/read-option.ts';
import { UNSPECIFIED_ADDRESS } from '../../../protocol/ipv4-address.ts';
import type { BootPlan } from '../boot/boot-plan.ts';
import { isBooting } from '../client/boot-client.ts';
import { bootDetail, planBoot, stopBoot } from '../boot/plan-boot.ts';
import { type DhcpDecision, ignore } from './dhcp-decision.ts';
import type { Exchange } from '../locate/exchange.ts';
import type { DhcpSurroundings } from './surroundings.ts';
import { chooseAddress } from '../leases/choose-address.ts';
import type { SubnetLeases } from '../leases/subnet-leases.ts';
import { exchangeEvent } from '../locate/exchange-event.ts';
import { nameLease } from './name-lease.ts';
import { replyDecision, serverReplyMessage } from './server-reply.ts';

/**
 * Answers a DHCPDISCOVER with an address that is kept for the client for a minute (RFC 2131 section 4.3.1). Asked
 * again, it gives the same: iPXE sends at least two.
 */
export function serveDiscover(exchange: Exchange, surroundings: DhcpSurroundings): DhcpDecision {
  const { clientKey, client, now, packet, subnets } = exchange;
  const requested = readAddress(packet.message.options, OptionCode.requestedAddress);
  const chosen = chooseAddress(exchange, requested, surroundings.reservations, surroundings.allowFresh);
  if (chosen.kind === 'none') return ignore(chosen.reason);
  const { subnet, offset } = chosen;

  for (const other of subnets) {
    const stale = other === subnet ? undefined : other.offerOf(clientKey);
    if (stale !== undefined) other.dropOffer(stale);
  }
  const binding = subnet.bindingAt(offset);
  const holds = binding?.active === true && binding.lease.clientKey === clientKey;
  // Asking again shows that the client is still there: its minute begins anew.
  if (!holds) subnet.addOffer(offset, clientKey, now.monotonicMs);

  const address = subnet.addressAt(offset);
  const planned = planBoot(exchange, subnet, surroundings.findBootPlan, true);
  const wanted = planned.bootFile;
  // An offer says what the DHCPACK after it will say.
  const boot =
    wanted === undefined || surroundings.bootLoops.allows(exchange, wanted) ? planned : stopBoot(planned);
  const leaseSeconds = leaseSecondsFor(exchange, subnet, boot.plan);
  const { fqdn } = nameLease(exchange, subnet, address, leaseSeconds, surroundings);
  const message = serverReplyMessage(exchange, {
    type: MessageType.offer,
    subnet,
    ciaddr: UNSPECIFIED_ADDRESS,
    yiaddr: address,
    leaseSeconds,
    boot,
    ...(fqdn !== undefined && { fqdn }),
  });
  const { bootFile } = boot;
  const summary = `offered ${address}${bootFile === undefined ? '' : ` and ${bootFile}`}`;
  const detail = bootDetail(exchange, boot);
  return replyDecision(exchange, message, MessageType.offer, {
    changes: [],
    renewal: false,
    // An installed system that looks for its address is no step of a boot; that it got one is told by the ACK.
    events: isBooting(client) ? [exchangeEvent(exchange, 'dhcp.offer', summary, detail, address)] : [],
    ...(chosen.fresh && needsProbe(exchange, surroundings) && { probe: address }),
  });
}

/** How long a client may have its address: firmware and iPXE for less, since they give nothing back. */
export function leaseSecondsFor({ client }: Exchange, subnet: SubnetLeases, plan: BootPlan): number {
  const settings = subnet.compiled.subnet;
  const leaseSeconds = plan.leaseSeconds ?? settings.leaseSeconds;
  return isBooting(client) ? Math.min(leaseSeconds, settings.bootLeaseSeconds) : leaseSeconds;
}

/** A host on the link can be asked; behind a relay there is nobody whom we could ask. */
function needsProbe({ client, packet }: Exchange, { policy }: DhcpSurroundings): boolean {
  if (policy.conflictDetection === 'off' || packet.message.giaddr !== UNSPECIFIED_ADDRESS) return false;
  return policy.conflictDetection === 'all' || client.kind === undefined;
}
