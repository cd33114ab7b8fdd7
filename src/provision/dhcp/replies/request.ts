import type { DhcpOptions } from '../../../protocol/dhcp/message.ts';
import { MessageType, OptionCode } from '../../../protocol/dhcp/option-codes.ts';
import { hexFromBytes, readAddress } from '../../../protocol/dhcp/read-option.ts';
import { type Ipv4Address, UNSPECIFIED_ADDRESS } from '../../../protocol/ipv4-address.ts';
import { bootDetail, planBoot, stopBoot } from '../boot/plan-boot.ts';
import { isBooting } from '../client/boot-client.ts';
import { describeClientId } from '../client/client-key.ts';
import { readHostName } from '../client/host-name.ts';
import { type DhcpDecision, ignore } from './dhcp-decision.ts';
import { type Exchange, isOurIdentifier } from '../locate/exchange.ts';
import type { DhcpSurroundings } from './surroundings.ts';
import { type AddressClaim, claimsOf, isAssignable, mayKeep, mayTake } from '../leases/choose-address.ts';
import type { LeaseNotes } from '../leases/lease-book.ts';
import { findFreeReservation } from '../leases/reserved-address.ts';
import type { SubnetLeases } from '../leases/subnet-leases.ts';
import { leaseSecondsFor } from './discover.ts';
import { nameLease } from './name-lease.ts';
import { exchangeEvent } from '../locate/exchange-event.ts';
import { refusalMessage, replyDecision, serverReplyMessage } from './server-reply.ts';

/**
 * Answers a DHCPREQUEST. There are four kinds (RFC 2131 section 4.3.2 and table 4): accepting an offer (SELECTING),
 * confirming the old address after a restart (INIT-REBOOT), renewing a lease with its server (RENEWING), and renewing
 * it with any server (REBINDING).
 */
export function serveRequest(exchange: Exchange, surroundings: DhcpSurroundings): DhcpDecision {
  const { message } = exchange.packet;
  const identifier = readAddress(message.options, OptionCode.serverIdentifier);
  const requested = readAddress(message.options, OptionCode.requestedAddress);
  if (identifier !== undefined) {
    if (!isOurIdentifier(identifier, exchange, surroundings)) {
      dropOffers(exchange);
      return ignore('other_server');
    }
    // Some clients repeat their address in ciaddr instead.
    const wanted = requested ?? (message.ciaddr === UNSPECIFIED_ADDRESS ? undefined : message.ciaddr);
    if (wanted === undefined) return ignore('incomplete');
    return serveSelecting(exchange, wanted, identifier, surroundings);
  }
  if (message.ciaddr !== UNSPECIFIED_ADDRESS) {
    return serveProlonging(exchange, message.ciaddr, surroundings);
  }
  if (requested === undefined) return ignore('incomplete');
  return serveInitReboot(exchange, requested, surroundings);
}

/** SELECTING. Only ever acknowledges the address that was requested: edk2 would decline any other. */
function serveSelecting(
  exchange: Exchange,
  wanted: Ipv4Address,
  identifier: Ipv4Address,
  surroundings: DhcpSurroundings,
): DhcpDecision {
  const subnet = subnetWith(exchange, wanted);
  const offset = subnet?.offsetOf(wanted);
  if (subnet === undefined || offset === undefined)
    return refuse(exchange, `${wanted} is not an address of this network`);
  const reserved = findFreeReservation(exchange, surroundings.reservations, surroundings.inUse);
  if (reserved !== undefined && (reserved.subnet !== subnet || reserved.offset !== offset)) {
    return refuseByRecords(
      exchange,
      `${reserved.subnet.addressAt(reserved.offset)} is reserved for this machine`,
      surroundings,
    );
  }
  if (reserved === undefined && !isAssignable(exchange, subnet, offset, surroundings.reservations)) {
    return refuseByRecords(exchange, whyTaken(exchange, subnet, offset), surroundings);
  }
  return grant(exchange, subnet, offset, surroundings, identifier);
}

/** INIT-REBOOT. */
function serveInitReboot(
  exchange: Exchange,
  wanted: Ipv4Address,
  surroundings: DhcpSurroundings,
): DhcpDecision {
  const { authoritative } = exchange.subnets[0].compiled.subnet;
  const subnet = subnetWith(exchange, wanted);
  const offset = subnet?.offsetOf(wanted);
  if (subnet === undefined || offset === undefined) {
    if (!authoritative) return ignore('unknown_lease');
    return refuse(exchange, `${wanted} is not an address of this network`);
  }
  const reserved = findFreeReservation(exchange, surroundings.reservations, surroundings.inUse);
  const expected = reserved === undefined ? earlierAddresses(exchange) : [reserved];
  const [first] = expected;
  if (first === undefined && !authoritative) return ignore('unknown_lease');
  if (first !== undefined && !expected.some((one) => one.subnet === subnet && one.offset === offset)) {
    return refuseByRecords(
      exchange,
      `${first.subnet.addressAt(first.offset)} is this client's address`,
      surroundings,
    );
  }
  if (reserved === undefined && !isAssignable(exchange, subnet, offset, surroundings.reservations)) {
    return refuseByRecords(exchange, whyTaken(exchange, subnet, offset), surroundings);
  }
  return grant(exchange, subnet, offset, surroundings);
}

/**
 * RENEWING and REBINDING. They arrive differently (unicast or broadcast), and the answer is the same. A running system
 * keeps its address even if another one was reserved for it meanwhile; it gets the reserved one at its next
 * DHCPDISCOVER.
 */
function serveProlonging(
  exchange: Exchange,
  ciaddr: Ipv4Address,
  surroundings: DhcpSurroundings,
): DhcpDecision {
  const subnet = subnetWith(exchange, ciaddr);
  const offset = subnet?.offsetOf(ciaddr);
  const { authoritative } = (subnet ?? exchange.subnets[0]).compiled.subnet;
  if (subnet === undefined || offset === undefined) {
    // Only a broadcast reaches this point with an address of another network: the client has moved to this one.
    return authoritative
      ? refuse(exchange, `${ciaddr} is not an address of this network`)
      : ignore('unknown_lease');
  }
  const ours = subnet.bindingOf(exchange.clientKey)?.offset === offset;
  // An address outside the pools was configured by hand or by another server, so we do not refuse it, unless we leased
  // it to another client, as after a reservation was taken over.
  const isOurs = subnet.isInPool(offset) || subnet.bindingAt(offset)?.active === true;
  if (!ours && !(authoritative && isOurs)) return ignore('unknown_lease');
  if (!mayKeep(exchange, subnet, offset, surroundings.reservations))
    return refuseByRecords(exchange, whyTaken(exchange, subnet, offset), surroundings);
  return grant(exchange, subnet, offset, surroundings);
}

/** Why a client cannot have an address of this network. */
function whyTaken({ clientKey, labels }: Exchange, subnet: SubnetLeases, offset: number): string {
  const address = subnet.addressAt(offset);
  const isForOthers =
    subnet.isFreeFor(offset, clientKey) &&
    subnet.isDynamicFor(offset, 'any') &&
    !subnet.isDynamicFor(offset, labels);
  return isForOthers ? `${address} is in a pool for other clients` : `${address} is taken`;
}

function grant(
  exchange: Exchange,
  subnet: SubnetLeases,
  offset: number,
  surroundings: DhcpSurroundings,
  serverIdentifier?: Ipv4Address,
): DhcpDecision {
  const { client, packet } = exchange;
  if (!mayTake(exchange, subnet, offset, surroundings.allowFresh)) {
    const hasRoom = subnet.poolAt(offset)?.hasRoomForUnknown === true;
    return ignore(hasRoom ? 'pool_pressure' : 'pool_exhausted');
  }
  const { book, findBootPlan } = surroundings;
  // A reservation that is taken over from another identity of the machine.
  subnet.dropOfferToOthers(offset, exchange.clientKey);
  const planned = planBoot(exchange, subnet, findBootPlan, true);
  const leaseSeconds = leaseSecondsFor(exchange, subnet, planned.plan);
  const { changes, renewal } = book.bind(
    subnet,
    offset,
    exchange.clientKey,
    notesOf(exchange),
    leaseSeconds,
    exchange.now,
  );
  const freed = book.freeOthers(exchange.subnets, subnet, exchange.clientKey, exchange.now);
  dropOffers(exchange);

  const wanted = planned.bootFile;
  const verdict = wanted === undefined ? undefined : surroundings.bootLoops.serve(exchange, wanted);
  const boot = verdict?.allowed === false ? stopBoot(planned) : planned;
  const address = subnet.addressAt(offset);
  const { fqdn, leaseName } = nameLease(exchange, subnet, address, leaseSeconds, surroundings);
  const message = serverReplyMessage(exchange, {
    type: MessageType.ack,
    subnet,
    ciaddr: packet.message.ciaddr,
    yiaddr: address,
    leaseSeconds,
    boot,
    ...(serverIdentifier !== undefined && { serverIdentifier }),
    ...(fqdn !== undefined && { fqdn }),
  });
  const { bootFile } = boot;
  const summary = `${renewal ? 'renewed' : 'leased'} ${address}${bootFile === undefined ? '' : `, boots ${bootFile}`}`;
  const detail = {
    ...bootDetail(exchange, boot),
    ...(leaseSeconds !== Infinity && { leaseSeconds }),
  };
  // Installed systems renew their leases for ever, and a client without a record may be a telephone: neither is a step
  // of a boot. A system that has just been booted takes over the lease of its firmware and renews it.
  const uneventful = !isBooting(client) && (renewal || exchange.match === undefined);
  return replyDecision(exchange, message, MessageType.ack, {
    changes: [...freed, ...changes],
    renewal,
    ...(leaseName !== undefined && { leaseName }),
    events: [
      ...(uneventful ? [] : [exchangeEvent(exchange, 'dhcp.ack', summary, detail, address)]),
      ...(verdict?.events ?? []),
    ],
  });
}

function refuse(exchange: Exchange, why: string): DhcpDecision {
  return replyDecision(exchange, refusalMessage(exchange, why), MessageType.nak, {
    changes: [],
    renewal: false,
    events: [exchangeEvent(exchange, 'dhcp.nak', `refused: ${why}`, { why })],
  });
}

/**
 * Refuses an address of this network. The machine records decide who may have it, so nobody is refused until they have
 * been read: no machine loses its address because the server started without them.
 */
function refuseByRecords(exchange: Exchange, why: string, { reservations }: DhcpSurroundings): DhcpDecision {
  return reservations.ready ? refuse(exchange, why) : ignore('records_unknown');
}

/** What is stored with a lease. */
function notesOf({ chaddr, packet }: Exchange): LeaseNotes {
  const { options } = packet.message;
  const clientId = options.get(OptionCode.clientIdentifier);
  const hostname = validHostName(options);
  const relayInfo = options.get(OptionCode.relayAgentInformation);
  return {
    chaddr,
    ...(clientId !== undefined && clientId.length > 0 && { clientId: describeClientId(clientId) }),
    ...(hostname !== undefined && { hostname }),
    ...(relayInfo !== undefined && { relayInfo: hexFromBytes(relayInfo) }),
  };
}

/** A client's host name if it consists of letters, digits and hyphens (RFC 1123 section 2.1), otherwise undefined. */
function validHostName(options: DhcpOptions): string | undefined {
  const text = readHostName(options);
  return text !== undefined && /^(?!-)[a-z0-9-]{1,63}(?<!-)$/i.test(text) ? text : undefined;
}

function subnetWith({ subnets }: Exchange, address: Ipv4Address): SubnetLeases | undefined {
  return subnets.find((subnet) => subnet.offsetOf(address) !== undefined);
}

/** The addresses that a client without a reservation may request again: its lease, or else all that it had before. */
function earlierAddresses(exchange: Exchange): readonly AddressClaim[] {
  const bound = claimsOf(exchange).filter(({ offset, subnet }) => {
    return subnet.bindingAt(offset)?.lease.clientKey === exchange.clientKey;
  });
  const active = bound.filter(({ offset, subnet }) => subnet.bindingAt(offset)?.active === true);
  return active.length > 0 ? active : bound;
}

function dropOffers({ clientKey, subnets }: Exchange): void {
  for (const subnet of subnets) {
    const offer = subnet.offerOf(clientKey);
    if (offer !== undefined) subnet.dropOffer(offer);
  }
}
