import type { Logger } from 'pino';
import { decodeRequest } from '../../protocol/dhcp/decode.ts';
import { encodeMessage } from '../../protocol/dhcp/encode.ts';
import { messageTypeOf } from '../../protocol/dhcp/message.ts';
import { MessageType, messageTypeName } from '../../protocol/dhcp/option-codes.ts';
import { hexFromBytes } from '../../protocol/dhcp/read-option.ts';
import type { Ipv4Address } from '../../protocol/ipv4-address.ts';
import { MalformedMessage } from '../../protocol/malformed-message.ts';
import type { BootEventSink } from '../../provision/history/boot-event.ts';
import type { IgnoreReason } from '../../provision/dhcp/ignore-reason.ts';
import {
  changesOf,
  type DhcpDecision,
  type DhcpReply,
  type ReplyDestination,
} from '../../provision/dhcp/replies/dhcp-decision.ts';
import type { DhcpEngine } from '../../provision/dhcp/dhcp-engine.ts';
import type { DhcpPacket, Ingress } from '../../provision/dhcp/dhcp-packet.ts';
import type { Moment } from '../../provision/dhcp/moment.ts';
import type { Counters } from '../../limits/counters.ts';
import { LineBudget, type LineLimits, TROUBLE_LINES } from '../../log/line-budget.ts';
import type { AddressProbe } from './address-probe.ts';
import type { DatagramSource, DhcpSocketListener } from './dhcp-sockets.ts';
import type { LeaseWriter } from './lease-writer.ts';

/** What the server depends on. */
export interface DhcpServerParts {
  readonly engine: DhcpEngine;
  readonly writer: LeaseWriter;
  readonly events: BootEventSink;
  readonly counters: Counters;
  readonly log: Logger;
  readonly now: () => Moment;
  /** Sends a datagram without waiting for the result. */
  readonly send: (bytes: Uint8Array, destination: ReplyDestination) => void;
  /** Called when a reply was sent, with the milliseconds since its request was received. */
  readonly onReply?: ((ms: number) => void) | undefined;
  /** Probes whether an address is in use. If absent, addresses are not probed. */
  readonly probe?: AddressProbe;
}

/** A request, with the time at which it came in monotonic milliseconds. */
interface ReceivedPacket extends DhcpPacket {
  readonly receivedMs: number;
}

/**
 * The result of ending a lease. not_stored: it has ended, but the store could not save that, and a restart restores it.
 */
export type EndedLease = 'ended' | 'no_lease' | 'not_stored';

/** Log lines about replies: ten thousand machines that boot at once need three each. */
const REPLIES: LineLimits = {
  perSubject: { burst: 10, perMinute: 10 },
  total: { burst: 50_000, perSecond: 100 },
};
/** Reasons that no client causes by mistake. */
const ALARMING: ReadonlySet<IgnoreReason> = new Set<IgnoreReason>(['decline_flood']);
type LineSort = 'malformed' | 'ignored' | 'overflow' | 'conflict' | 'fault' | 'reply' | 'socket';
/** Number of addresses that are tried for one request before the client has to ask again. */
const PROBES_MAX = 3;

/**
 * The DHCP server around its engine: it receives datagrams, has the engine decide, stores leases and sends the replies.
 * `receive` never throws, whatever arrives, and uses bounded memory.
 */
export class DhcpServer implements DhcpSocketListener {
  readonly #parts: DhcpServerParts;
  /** The log is bounded in a flood as well; each kind of line has its own budget, so that none suppresses another. */
  readonly #lines: Readonly<Record<LineSort, LineBudget>>;

  constructor(parts: DhcpServerParts) {
    const { log } = parts;
    this.#parts = parts;
    this.#lines = {
      malformed: new LineBudget(log, 'malformed dhcp packets', TROUBLE_LINES),
      ignored: new LineBudget(log, 'ignored dhcp requests', TROUBLE_LINES),
      overflow: new LineBudget(log, 'dhcp replies too small for all options', TROUBLE_LINES),
      conflict: new LineBudget(log, 'address conflicts', TROUBLE_LINES),
      fault: new LineBudget(log, 'dhcp packets that could not be handled', TROUBLE_LINES),
      reply: new LineBudget(log, 'dhcp replies', REPLIES),
      socket: new LineBudget(log, 'dhcp socket errors', TROUBLE_LINES),
    };
  }

  /** Logs the pending counts of suppressed lines. */
  close(): void {
    for (const lines of Object.values(this.#lines)) lines.end();
  }

  /** Ends the lease of an address for an operator; see DhcpService.endLease. */
  endLease(address: Ipv4Address): Promise<EndedLease> {
    const { engine, events, now, writer } = this.#parts;
    const decision = engine.endLease(address, now());
    if (decision === undefined) return Promise.resolve('no_lease');
    return new Promise((resolve) => {
      writer.write(decision, (outcome) => {
        const at = new Date(now().wallMs);
        for (const event of decision.events) events.record({ ...event, at });
        resolve(outcome === 'send' ? 'ended' : 'not_stored');
      });
    });
  }

  addressesChanged(addresses: readonly Ipv4Address[]): void {
    this.#parts.engine.setLocalAddresses(addresses);
  }

  failed(code: string): void {
    const { counters, log, now } = this.#parts;
    counters.add('dhcp_socket_errors', code);
    if (this.#lines.socket.take(code, now().monotonicMs)) log.warn({ code }, 'dhcp socket error');
  }

  receive(bytes: Uint8Array, source: DatagramSource, ingress: Ingress): void {
    const { counters } = this.#parts;
    counters.add('dhcp_received');
    // Only forged packets come from port 0, and no answer can reach it.
    if (source.port === 0) {
      counters.add('dhcp_malformed', 'port');
      return;
    }
    try {
      const packet: ReceivedPacket = {
        message: decodeRequest(bytes),
        ingress,
        source,
        size: bytes.length,
        receivedMs: this.#parts.now().monotonicMs,
      };
      this.#serve(packet, 0);
    } catch (error) {
      if (error instanceof MalformedMessage) this.#dropMalformed(error, source, ingress);
      else this.#noteFault(error, hexFromBytes(bytes));
    }
  }

  /** A bug of ours: one packet must not end the service for all other clients. */
  #noteFault(error: unknown, packet: string | object): void {
    const { counters, log, now } = this.#parts;
    counters.add('dhcp_faults');
    if (!this.#lines.fault.take(String(error), now().monotonicMs)) return;
    log.error({ err: error, packet }, 'dhcp packet could not be handled');
  }

  #serve(packet: ReceivedPacket, probed: number): void {
    const { counters, engine, writer } = this.#parts;
    if (writer.full || (writer.behind && messageTypeOf(packet.message) === MessageType.discover)) {
      counters.add('dhcp_ignored', 'store_busy');
      return;
    }
    const now = this.#parts.now();
    const decision = engine.handle(packet, now);
    if (decision.kind === 'ignore') {
      counters.add('dhcp_ignored', decision.reason);
      this.#noteIgnored(packet, decision.reason, now);
    } else if (decision.kind === 'accept') {
      counters.add('dhcp_accepted', decision.notice);
    }
    if (changesOf(decision).length > 0) {
      writer.write(decision, (outcome) => this.#conclude(packet, decision, outcome));
    } else if (decision.kind === 'reply' && this.#isToBeProbed(decision) && probed < PROBES_MAX) {
      this.#probeFirst(packet, decision, decision.message.yiaddr, probed);
    } else {
      this.#conclude(packet, decision, 'send');
    }
  }

  /** Sends a decided reply, and records what happened. */
  #conclude(packet: ReceivedPacket, decision: DhcpDecision, outcome: 'send' | 'drop'): void {
    const { counters, events, now } = this.#parts;
    if (decision.kind === 'reply') {
      if (outcome === 'drop') {
        counters.add('dhcp_ignored', 'store_failed');
        return;
      }
      this.#send(packet, decision);
      this.#parts.onReply?.(now().monotonicMs - packet.receivedMs);
    }
    if (decision.events.length === 0) return;
    const at = new Date(now().wallMs);
    for (const event of decision.events) events.record({ ...event, at });
  }

  #send(packet: DhcpPacket, { destination, limits, message }: DhcpReply): void {
    const { counters, log, now, send } = this.#parts;
    const { bytes, dropped } = encodeMessage(message, limits);
    send(bytes, destination);
    const type = messageTypeOf(message);
    counters.add('dhcp_sent', messageTypeName(type));
    if (dropped.length > 0) this.#noteOverflow(packet, dropped);
    // One line at info for each exchange, with its outcome.
    const level = type === MessageType.offer ? 'debug' : 'info';
    if (!log.isLevelEnabled(level)) return;
    const client = hexFromBytes(packet.message.chaddr);
    if (level === 'info' && !this.#lines.reply.take(client, now().monotonicMs)) return;
    const fields = {
      ...describe(packet),
      type: messageTypeName(type),
      address: message.yiaddr,
      to: `${destination.address}:${destination.port}`,
      ...(message.file !== '' && { bootfile: message.file }),
    };
    log[level](fields, 'dhcp reply');
  }

  /** An address that was never used here, also if its client asks again while the address is still being probed. */
  #isToBeProbed({ message, probe }: DhcpReply): boolean {
    return probe !== undefined || this.#parts.probe?.asks(message.yiaddr) === true;
  }

  /** Probes the address first. If a host answers, the client is offered another address. */
  #probeFirst(packet: ReceivedPacket, decision: DhcpReply, address: Ipv4Address, probed: number): void {
    const { probe } = this.#parts;
    if (probe === undefined) {
      this.#conclude(packet, decision, 'send');
      return;
    }
    void probe.findHolder(address).then((holder) => {
      try {
        this.#afterProbe(packet, decision, address, holder, probed);
      } catch (error) {
        this.#noteFault(error, describe(packet));
      }
    });
  }

  #afterProbe(
    packet: ReceivedPacket,
    decision: DhcpReply,
    address: Ipv4Address,
    holder: string | undefined,
    probed: number,
  ): void {
    const { counters, engine, log, writer } = this.#parts;
    const chaddr = hexFromBytes(packet.message.chaddr, ':');
    if (holder === undefined || holder === chaddr) {
      this.#conclude(packet, decision, 'send');
      return;
    }
    counters.add('dhcp_conflicts');
    const now = this.#parts.now();
    if (this.#lines.conflict.take(address, now.monotonicMs)) {
      log.warn(
        { address, holder, mac: chaddr },
        'address conflict: another host uses the address that was about to be offered',
      );
    }
    const verdict = engine.markInUse(address, holder, now);
    if (verdict !== undefined && verdict.changes.length === 0) this.#conclude(packet, verdict, 'send');
    else if (verdict !== undefined)
      writer.write(verdict, (outcome) => this.#conclude(packet, verdict, outcome));
    this.#serve(packet, probed + 1);
  }

  #dropMalformed(error: MalformedMessage, source: DatagramSource, ingress: Ingress): void {
    const { counters, log, now } = this.#parts;
    counters.add('dhcp_malformed', error.code);
    // Replies are the broadcasts of other servers and of this one, and need no log line.
    if (error.code === 'op' || !log.isLevelEnabled('warn')) return;
    if (!this.#lines.malformed.take(`${source.address} ${error.code}`, now().monotonicMs)) return;
    log.warn(
      { source: source.address, interface: ingress.interface, code: error.code, reason: error.message },
      'malformed dhcp packet',
    );
  }

  #noteIgnored(packet: DhcpPacket, reason: IgnoreReason, now: Moment): void {
    const { log } = this.#parts;
    const level = ALARMING.has(reason) ? 'warn' : 'info';
    if (!log.isLevelEnabled(level)) return;
    if (!this.#lines.ignored.take(`${hexFromBytes(packet.message.chaddr)} ${reason}`, now.monotonicMs))
      return;
    log[level]({ ...describe(packet), reason }, 'dhcp request ignored');
  }

  #noteOverflow(packet: DhcpPacket, dropped: readonly number[]): void {
    const { log, now } = this.#parts;
    if (!this.#lines.overflow.take(hexFromBytes(packet.message.chaddr), now().monotonicMs)) return;
    log.warn({ ...describe(packet), options: dropped }, 'some dhcp options did not fit into the reply');
  }
}

function describe({ ingress, message, source }: DhcpPacket): Record<string, unknown> {
  return {
    mac: hexFromBytes(message.chaddr, ':'),
    xid: message.xid.toString(16).padStart(8, '0'),
    request: messageTypeName(messageTypeOf(message)),
    interface: ingress.interface,
    source: source.address,
  };
}
