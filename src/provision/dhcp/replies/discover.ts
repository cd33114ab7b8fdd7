import { MessageType, OptionCode } from '../../../protocol/dhcp/option-codes.ts';
import { readAddress } from '../../../protocol/dhcp/read-option.ts';
import { UNSPECIFIED_ADDRESS } from '../../../protocol/ipv4-address.ts';
import type { BootPlan } from '../boot/boot-plan.ts';
import { isBooting } from '../client/boot-client.ts';
import { bootDetail, planBoot, stopBoot } from '../boot/plan-boot.ts';
import { type DhcpDecision, ignore } from './dhcp-decision.ts';
import type { DhcpEvent } from '../dhcp-event.ts';
import type { Exchange } from '../locate/exchange.ts';
import type { DhcpSurroundings } from './surroundings.ts';
import { chooseAddress } from '../leases/choose-address.ts';
import { describeHolder, type ReservationHolder } from '../leases/reserved-address.ts';
import type { SubnetLeases } from '../leases/subnet-leases.ts';
import { exchangeEvent } from '../locate/exchange-event.ts';
import { nameLease } from './name-lease.ts';
import { replyDecision, serverReplyMessage } from './server-reply.ts';

/**
 * Answers a DHCPDISCOVER with an address that is reserved for the client for a minute (RFC 2131 section 4.3.1). A
 * repeated DHCPDISCOVER gets the same address: iPXE sends at least two.
 */
export function serveDiscover(exchange: Exchange, surroundings: DhcpSurroundings): DhcpDecision {
  const { clientKey, client, now, packet, subnets } = exchange;
  const requested = readAddress(packet.message.options, OptionCode.requestedAddress);
  const chosen = chooseAddress(
    exchange,
    requested,
    surroundings.reservations,
    surroundings.inUse,
    surroundings.allowFresh,
  );
  const held = chosen.heldBy === undefined ? [] : [heldEvent(exchange, chosen.heldBy)];
  const moved = chosen.kind === 'none' ? undefined : movedEvent(exchange, chosen.takenFrom);
  if (chosen.kind === 'none') return ignore(chosen.reason, held);
  const { subnet, offset } = chosen;

  for (const other of subnets) {
    const stale = other === subnet ? undefined : other.offerOf(clientKey);
    if (stale !== undefined) other.dropOffer(stale);
  }
  const binding = subnet.bindingAt(offset);
  const holds = binding?.active === true && binding.lease.clientKey === clientKey;
  // A repeated DHCPDISCOVER shows that the client is still there, so its minute starts again.
  if (!holds) subnet.addOffer(offset, clientKey, now.monotonicMs);

  const address = subnet.addressAt(offset);
  const planned = planBoot(exchange, subnet, surroundings.findBootPlan, true);
  const wanted = planned.bootFile;
  // An offer has the same contents as the DHCPACK that follows it.
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
  const detail = {
    ...bootDetail(exchange, boot),
    ...(chosen.takenFrom !== undefined && { takenFrom: describeHolder(chosen.takenFrom) }),
  };
  return replyDecision(exchange, message, MessageType.offer, {
    changes: [],
    renewal: false,
    // A DHCPDISCOVER of an installed system is not a step of a boot; the DHCPACK records that it got an address.
    events: [
      ...held,
      ...(moved === undefined ? [] : [moved]),
      ...(isBooting(client) ? [exchangeEvent(exchange, 'dhcp.offer', summary, detail, address)] : []),
    ],
    ...((chosen.mustProbe === true || (chosen.fresh && needsProbe(exchange, surroundings))) && {
      probe: address,
    }),
  });
}

/**
 * How long a client may have its address. Firmware and iPXE get shorter leases, since they never send a DHCPRELEASE.
 */
export function leaseSecondsFor({ client }: Exchange, subnet: SubnetLeases, plan: BootPlan): number {
  const settings = subnet.compiled.subnet;
  const leaseSeconds = plan.leaseSeconds ?? settings.leaseSeconds;
  return isBooting(client) ? Math.min(leaseSeconds, settings.bootLeaseSeconds) : leaseSeconds;
}

/** The event that says why a machine does not get its reserved address. */
function heldEvent(exchange: Exchange, holder: ReservationHolder): DhcpEvent {
  const id = exchange.match?.machine.id ?? '';
  const { address, mac } = holder;
  const advice =
    holder.by === 'use'
      ? 'the machine gets it once that host is gone'
      : 'the machine gets it when that ends; an operator can end a lease';
  const summary = `${address} is reserved for machine ${id} and is held by ${describeHolder(holder)}: ${advice}`;
  return exchangeEvent(exchange, 'dhcp.reservation_held', summary, {
    reserved: address,
    holder: mac,
    by: holder.by,
  });
}

/**
 * The event that a reserved address goes to another card, for a machine that is recognised by its UUID: it may be the
 * same board with another card, or a second board with the same UUID.
 */
function movedEvent(
  { chaddr, match, ...exchange }: Exchange,
  from: ReservationHolder | undefined,
): DhcpEvent | undefined {
  if (from === undefined || from.mac === '' || from.mac === chaddr || match?.matchedBy !== 'uuid')
    return undefined;
  const { id } = match.machine;
  const summary = `${from.address}, which is reserved for machine ${id}, goes from ${from.mac} to ${chaddr}, which sends the same UUID: if these are two boards, write their MAC addresses into their records`;
  const detail = { conflict: 'address_moved', by: 'uuid', with: from.mac };
  return exchangeEvent({ ...exchange, chaddr, match }, 'machine.conflict', summary, detail, from.address);
}

/** ARP reaches a host on the link; behind a relay there is no way to ask. */
function needsProbe({ canProbe, client }: Exchange, { policy }: DhcpSurroundings): boolean {
  if (!canProbe) return false;
  return policy.conflictDetection === 'all' || client.kind === undefined;
}
