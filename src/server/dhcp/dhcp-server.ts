import type { Logger } from 'pino';
import { decodeRequest } from '../../protocol/dhcp/decode.ts';
import { encodeMessage } from '../../protocol/dhcp/encode.ts';
import { messageTypeOf } from '../../protocol/dhcp/message.ts';
import { MessageType, messageTypeName } from '../../protocol/dhcp/option-codes.ts';
import { hexFromBytes } from '../../protocol/dhcp/read-option.ts';
import type { Ipv4Address } from '../../protocol/ipv4-address.ts';
import { MalformedMessage } from '../../protocol/malformed-message.ts';
import type { BootEventSink } from '../../provision/boot-event.ts';
import type { DhcpDecision, DhcpReply, ReplyDestination } from '../../provision/dhcp/dhcp-decision.ts';
import type { DhcpEngine } from '../../provision/dhcp/dhcp-engine.ts';
import type { DhcpPacket, Ingress } from '../../provision/dhcp/dhcp-packet.ts';
import type { Moment } from '../../provision/dhcp/moment.ts';
import { KeyedBuckets } from '../../provision/dhcp/token-bucket.ts';
import type { Counters } from '../counters.ts';
import type { AddressProbe } from './address-probe.ts';
import type { DatagramSource, DhcpSocketListener } from './dhcp-sockets.ts';
import type { LeaseWriter } from './lease-writer.ts';

/** What the server is put together from. */
export interface DhcpServerParts {
  readonly engine: DhcpEngine;
  readonly writer: LeaseWriter;
  readonly events: BootEventSink;
  readonly counters: Counters;
  readonly log: Logger;
  readonly now: () => Moment;
  /** Sends a datagram and forgets it. */
  readonly send: (bytes: Uint8Array, destination: ReplyDestination) => void;
  /** Asks the network whether an address is in use. Absent: it is not asked. */
  readonly probe?: AddressProbe;
}

/** Sources that a line about a dropped packet was written for within the last minute. */
const SOURCES_MAX = 10_000;
/** Addresses tried for one request before the client has to ask again. */
const PROBES_MAX = 3;

/**
 * The DHCP server around its engine: datagrams in, decisions by the engine, leases to the store, datagrams out.
 * Whatever comes in, `receive` does not throw, and what it keeps is bounded.
 */
export class DhcpServer implements DhcpSocketListener {
  readonly #parts: DhcpServerParts;
  /** One line a minute for each source and reason: a log must survive a flood as well. */
  readonly #lines = new KeyedBuckets(1 / 60, 1, SOURCES_MAX);

  constructor(parts: DhcpServerParts) {
    this.#parts = parts;
  }

  addressesChanged(addresses: readonly Ipv4Address[]): void {
    this.#parts.engine.setLocalAddresses(addresses);
  }

  failed(code: string): void {
    const { counters, log, now } = this.#parts;
    counters.add('dhcp_socket_errors', code);
    if (this.#lines.take(`socket ${code}`, now().monotonicMs)) log.warn({ code }, 'dhcp socket error');
  }

  receive(bytes: Uint8Array, source: DatagramSource, ingress: Ingress): void {
    const { counters } = this.#parts;
    counters.add('dhcp_received');
    // Only forged packets come from port 0, where nobody can be answered.
    if (source.port === 0) {
      counters.add('dhcp_malformed', 'port');
      return;
    }
    try {
      const packet = { message: decodeRequest(bytes), ingress, source, size: bytes.length };
      this.#serve(packet, 0);
    } catch (error) {
      if (error instanceof MalformedMessage) this.#dropMalformed(error, source, ingress);
      else this.#noteFault(error, hexFromBytes(bytes));
    }
  }

  /** A fault of ours: one packet must not end the service of everybody else. */
  #noteFault(error: unknown, packet: string | object): void {
    this.#parts.counters.add('dhcp_faults');
    this.#parts.log.error({ err: error, packet }, 'dhcp packet could not be handled');
  }

  #serve(packet: DhcpPacket, probed: number): void {
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
    }
    if (decision.changes.length > 0) {
      writer.write(decision, (outcome) => this.#conclude(packet, decision, outcome));
    } else if (decision.kind === 'reply' && this.#isToBeProbed(decision) && probed < PROBES_MAX) {
      this.#probeFirst(packet, decision, decision.message.yiaddr, probed);
    } else {
      this.#conclude(packet, decision, 'send');
    }
  }

  /** Sends a decided reply, and puts on record what happened. */
  #conclude(packet: DhcpPacket, decision: DhcpDecision, outcome: 'send' | 'drop'): void {
    const { counters, events, now } = this.#parts;
    if (decision.kind === 'reply') {
      if (outcome === 'drop') {
        counters.add('dhcp_ignored', 'store_failed');
        return;
      }
      this.#send(packet, decision);
    }
    if (decision.events.length === 0) return;
    const at = new Date(now().wallMs);
    for (const event of decision.events) events.record({ ...event, at });
  }

  #send(packet: DhcpPacket, { destination, limits, message }: DhcpReply): void {
    const { counters, log, send } = this.#parts;
    const { bytes, dropped } = encodeMessage(message, limits);
    send(bytes, destination);
    const type = messageTypeOf(message);
    counters.add('dhcp_sent', messageTypeName(type));
    if (dropped.length > 0) this.#noteOverflow(packet, dropped);
    // One line at info for each exchange: the one with its outcome.
    const level = type === MessageType.offer ? 'debug' : 'info';
    if (!log.isLevelEnabled(level)) return;
    const fields = {
      ...describe(packet),
      type: messageTypeName(type),
      address: message.yiaddr,
      to: `${destination.address}:${destination.port}`,
      ...(message.file !== '' && { bootfile: message.file }),
    };
    log[level](fields, 'dhcp reply');
  }

  /** An address that was never in use here, also when its client asks again while the network is still being asked. */
  #isToBeProbed({ message, probe }: DhcpReply): boolean {
    return probe !== undefined || this.#parts.probe?.asks(message.yiaddr) === true;
  }

  /** Asks the network for the address first. If somebody answers, the client is offered another one. */
  #probeFirst(packet: DhcpPacket, decision: DhcpReply, address: Ipv4Address, probed: number): void {
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
    packet: DhcpPacket,
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
    log.warn({ address, holder, mac: chaddr }, 'an address of the pool is in use by somebody else');
    const verdict = engine.markInUse(address, this.#parts.now());
    writer.write(verdict, (outcome) => this.#conclude(packet, verdict, outcome));
    this.#serve(packet, probed + 1);
  }

  #dropMalformed(error: MalformedMessage, source: DatagramSource, ingress: Ingress): void {
    const { counters, log, now } = this.#parts;
    counters.add('dhcp_malformed', error.code);
    // Replies are what other servers broadcast, and our own come back too: nothing to speak of.
    if (error.code === 'op' || !log.isLevelEnabled('warn')) return;
    if (!this.#lines.take(`${source.address} ${error.code}`, now().monotonicMs)) return;
    log.warn(
      { source: source.address, interface: ingress.interface, code: error.code, reason: error.message },
      'malformed dhcp packet',
    );
  }

  #noteIgnored(packet: DhcpPacket, reason: string, now: Moment): void {
    const { log } = this.#parts;
    if (reason === 'no_answer_due' || !log.isLevelEnabled('info')) return;
    if (!this.#lines.take(`${hexFromBytes(packet.message.chaddr)} ${reason}`, now.monotonicMs)) return;
    log.info({ ...describe(packet), reason }, 'dhcp request ignored');
  }

  #noteOverflow(packet: DhcpPacket, dropped: readonly number[]): void {
    const { log, now } = this.#parts;
    if (!this.#lines.take(`${hexFromBytes(packet.message.chaddr)} overflow`, now().monotonicMs)) return;
    log.warn({ ...describe(packet), options: dropped }, 'dhcp options found no room in the reply');
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
