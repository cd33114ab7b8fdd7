import { BOOTP_MESSAGE_SIZE } from '../../../protocol/dhcp/encode.ts';
import { UNSPECIFIED_ADDRESS } from '../../../protocol/ipv4-address.ts';
import { planBoot } from '../boot/plan-boot.ts';
import type { IgnoreReason } from '../ignore-reason.ts';
import { type AddressClaim, chooseAddress, claimsOf } from '../leases/choose-address.ts';
import { findFreeReservation } from '../leases/reserved-address.ts';
import type { Exchange } from '../locate/exchange.ts';
import { exchangeEvent } from '../locate/exchange-event.ts';
import { type DhcpDecision, ignore } from './dhcp-decision.ts';
import { nameLease } from './name-lease.ts';
import { replyDecision, serverReplyMessage } from './server-reply.ts';
import type { DhcpSurroundings } from './surroundings.ts';

/**
 * Answers a BOOTP request, if BOOTP is on, with a lease that never ends: a BOOTP client neither renews nor releases
 * (RFC 951; RFC 1534 section 2). The reply has the fixed size of BOOTP and as many options as fit; the boot file is in
 * the header and not repeated in an option.
 */
export function serveBootp(exchange: Exchange, surroundings: DhcpSurroundings): DhcpDecision {
  const chosen = chooseBootpAddress(exchange, surroundings);
  if (typeof chosen === 'string') return ignore(chosen);
  const { subnet, offset } = chosen;
  const { book, findBootPlan } = surroundings;
  const address = subnet.addressAt(offset);
  subnet.dropOfferToOthers(offset, exchange.clientKey);
  const notes = { chaddr: exchange.chaddr };
  const { changes, renewal } = book.bind(subnet, offset, exchange.clientKey, notes, Infinity, exchange.now);
  // A BOOTP client does not identify itself, so it is treated like firmware that sends no architecture.
  const asFirmware = { ...exchange, client: { ...exchange.client, kind: 'pxe' as const } };
  const { answer, ...planned } = planBoot(asFirmware, subnet, findBootPlan, true);
  const message = serverReplyMessage(asFirmware, {
    type: undefined,
    subnet,
    ciaddr: UNSPECIFIED_ADDRESS,
    yiaddr: address,
    boot: { ...planned, answer: answer && { ...answer, options: new Map() } },
  });
  const { leaseName } = nameLease(exchange, subnet, address, Infinity, surroundings);
  const reply = replyDecision(exchange, message, undefined, {
    changes,
    renewal,
    ...(leaseName !== undefined && { leaseName }),
    events: [exchangeEvent(exchange, 'dhcp.ack', `leased ${address} by BOOTP, without end`, {}, address)],
  });
  return { ...reply, limits: { maxSize: BOOTP_MESSAGE_SIZE, overload: false } };
}

/** The address that is reserved for the machine or, where BOOTP may use the pools, the one that DHCP would choose. */
function chooseBootpAddress(
  exchange: Exchange,
  { allowFresh, inUse, policy, reservations }: DhcpSurroundings,
): AddressClaim | IgnoreReason {
  if (policy.bootp === 'off') return 'bootp';
  if (policy.bootp === 'dynamic') {
    const chosen = chooseAddress(exchange, undefined, reservations, inUse, allowFresh);
    return chosen.kind === 'chosen' ? chosen : chosen.reason;
  }
  const reserved = findFreeReservation(exchange, reservations, inUse);
  // Until the records have been read, a lease is the only sign that the address was reserved.
  return reserved ?? (reservations.ready ? undefined : claimsOf(exchange)[0]) ?? 'bootp';
}
