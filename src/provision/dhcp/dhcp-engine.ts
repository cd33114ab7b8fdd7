import { type DhcpMessage, HTYPE_INFINIBAND, messageTypeOf } from '../../protocol/dhcp/message.ts';
import { MessageType, OptionCode } from '../../protocol/dhcp/option-codes.ts';
import { hexFromBytes, readAddress } from '../../protocol/dhcp/read-option.ts';
import type { RelayAgentInformation } from '../../protocol/dhcp/relay-agent-information.ts';
import { type Ipv4Address, UNSPECIFIED_ADDRESS } from '../../protocol/ipv4-address.ts';
import { type MacAddress, parseMac } from '../../protocol/mac-address.ts';
import { KeyedBuckets, TokenBucket } from '../../limits/token-bucket.ts';
import { type BootClient, classifyClient } from './client/boot-client.ts';
import { BootLoopGuard } from './boot/boot-loop-guard.ts';
import type { FindBootPlan } from './boot/boot-plan.ts';
import { dhcpLabels } from './boot/dhcp-labels.ts';
import { clientKeyOf, describeClientId } from './client/client-key.ts';
import { decideMode, ModePins, type ServingMode } from './decide-mode.ts';
import type { DhcpEvent } from './dhcp-event.ts';
import type { DhcpPacket } from './dhcp-packet.ts';
import { DEFAULT_DHCP_POLICY, type DhcpPolicy } from './dhcp-policy.ts';
import type { IgnoreReason } from './ignore-reason.ts';
import type { AddressSeeker } from './leases/address-seeker.ts';
import { isKnownByLease } from './leases/choose-address.ts';
import { DeclineBudget } from './leases/decline-budget.ts';
import { LeaseBook } from './leases/lease-book.ts';
import type { Lease } from './leases/lease.ts';
import { type Exchange, isOurIdentifier } from './locate/exchange.ts';
import { exchangeEvent } from './locate/exchange-event.ts';
import { RememberedClients } from './locate/remembered-clients.ts';
import { conflictEvents } from '../machines/conflict-events.ts';
import type { IdentityClaims } from '../machines/identification.ts';
import { matchOf } from '../machines/identify.ts';
import type { MachineLookup } from '../machines/machine-index.ts';
import type { Machine } from '../machines/machine.ts';
import { DHCP_LABELS, type Labels, labelsFor } from '../selection/labels.ts';
import { ReservationsInUse } from './leases/reservations-in-use.ts';
import { hasReservation } from './leases/reserved-address.ts';
import type { SubnetLeases, SubnetUsage } from './leases/subnet-leases.ts';
import type { Moment } from './moment.ts';
import { ForeignLeases } from './other-servers/foreign-leases.ts';
import { type ForeignServer, ForeignServers } from './other-servers/foreign-servers.ts';
import { changesOf, type DhcpAccept, type DhcpDecision, ignore } from './replies/dhcp-decision.ts';
import { decideBootServerReply, serveProxyClient } from './replies/proxy.ts';
import { serveMessage } from './replies/serve-message.ts';
import type { DhcpSurroundings } from './replies/surroundings.ts';
import { isReturnAddress, SubnetSelector } from './locate/select-subnet.ts';
import type { Subnet } from './subnets/subnet.ts';

/** What an engine depends on. */
export interface DhcpEngineOptions {
  readonly subnets: readonly Subnet[];
  /** Defaults: `DEFAULT_DHCP_POLICY`. */
  readonly policy?: Partial<DhcpPolicy>;
  /** Read for every packet, so a new catalog needs no new engine; see `reservationsChanged`. */
  readonly reservations: MachineLookup;
  readonly findBootPlan: FindBootPlan;
  /** Called for every lease that expires, while a packet is handled or in `advance`. */
  readonly leaseExpired?: (lease: Lease) => void;
}

/** Number of clients whose rate limits are remembered. */
const CLIENTS_MAX = 100_000;
/** Packets that one client may send at once: two rounds of discover and request through two relays. */
const CLIENT_BURST = 5;
/** New addresses per second for unknown clients of one link, while unanswered offers fill its pool. */
const PRESSED_PER_SECOND = 50;
/** Number of pairs of card and machine whose reported conflict is remembered. */
const CONFLICTS_MAX = 10_000;
const LINKS_MAX = 1000;
const ALL_DHCP_LABELS: ReadonlySet<string> = new Set(DHCP_LABELS);

/** Reasons that are recorded in a machine's history, at most once a minute. */
const REPORTED: ReadonlySet<IgnoreReason> = new Set<IgnoreReason>([
  'decline_flood',
  'denied',
  'foreign_server',
  'pool_exhausted',
  'pool_pressure',
  'nothing_to_boot',
]);

/**
 * The DHCP server without sockets and store: takes a packet and the time, and returns what to do.
 *
 * The caller must make `changes` of a decision durable before it sends the reply, and then call `committed`, or
 * `commitFailed` if that failed. The changes take effect in memory at once, so that no other client is offered the
 * address meanwhile.
 */
export class DhcpEngine {
  readonly #policy: DhcpPolicy;
  readonly #book: LeaseBook;
  readonly #remembered: RememberedClients;
  readonly #selector: SubnetSelector;
  readonly #surroundings: DhcpSurroundings;
  readonly #pins = new ModePins();
  readonly #foreign = new ForeignServers();
  readonly #foreignLeases = new ForeignLeases();
  readonly #clients: KeyedBuckets;
  readonly #pressed = new KeyedBuckets(PRESSED_PER_SECOND, PRESSED_PER_SECOND, LINKS_MAX);
  /** A card that sends another machine's identifiers is recorded once an hour for each machine. */
  readonly #conflicts = new KeyedBuckets(1 / 3600, 1, CONFLICTS_MAX);
  /** Each ignored client is recorded at most once a minute. */
  readonly #reports = new KeyedBuckets(1 / 60, 1, CLIENTS_MAX);
  #all: TokenBucket | undefined;
  #localAddresses: ReadonlySet<Ipv4Address> = new Set();

  /** Throws RangeError if the subnets contradict themselves or each other. */
  constructor(options: DhcpEngineOptions) {
    this.#policy = { ...DEFAULT_DHCP_POLICY, ...options.policy };
    const { reservations, findBootPlan } = options;
    const isOurs = (address: Ipv4Address): boolean => this.#localAddresses.has(address);
    const isReserved = (address: Ipv4Address): boolean => reservations.findReserved(address) !== undefined;
    this.#book = new LeaseBook(options.subnets, isReserved, isOurs, options.leaseExpired);
    this.#remembered = new RememberedClients(this.#book);
    this.#selector = new SubnetSelector(this.#book, this.#policy, isOurs);
    this.#surroundings = {
      book: this.#book,
      policy: this.#policy,
      reservations,
      findBootPlan,
      isOurs,
      declines: new DeclineBudget(),
      inUse: new ReservationsInUse(),
      allowFresh: (seeker, subnet) => this.#allowFresh(seeker, subnet),
      bootLoops: new BootLoopGuard(this.#policy.bootLoop === 'stop'),
    };
    this.#clients = new KeyedBuckets(this.#policy.clientPacketsPerSecond, CLIENT_BURST, CLIENTS_MAX);
  }

  /** Loads the leases from the store. Call it once, before the first packet. */
  load(leases: readonly Lease[], now: Moment): void {
    this.#book.load(leases, now);
  }

  /** Sets the addresses of this host; call at the start and whenever they change. */
  setLocalAddresses(addresses: Iterable<Ipv4Address>): void {
    this.#localAddresses = new Set(addresses);
    // An address that was this host's own may have become free.
    this.reservationsChanged();
  }

  /** Call when reserved addresses may have changed: those that are no longer reserved go back to the pools. */
  reservationsChanged(): void {
    for (const subnet of this.#book.subnets) subnet.reservationsChanged();
  }

  /** Ends leases and offers that have expired, without waiting for a packet. */
  advance(now: Moment): void {
    this.#book.advance(now);
  }

  /** Decides on one request that `decodeRequest` accepted. Never throws for anything that a packet can contain. */
  handle(packet: DhcpPacket, now: Moment): DhcpDecision {
    const { message } = packet;
    const nowMs = now.monotonicMs;
    this.#all ??= new TokenBucket(this.#policy.packetsPerSecond, this.#policy.packetsPerSecond, nowMs);
    const chaddr = hexFromBytes(message.chaddr, ':');
    const clientKey = clientKeyOf(message, this.#policy.identity, chaddr);
    // Clients of InfiniBand and FireWire are identified by option 61: their chaddr may be empty or meaningless.
    const sender = message.htype === HTYPE_INFINIBAND || message.hlen === 0 ? clientKey : chaddr;
    if (!this.#clients.take(sender, nowMs)) return ignore('rate_limited');
    // Checked after the client's own limit, so that one client that sends without end does not use up the limit of all.
    if (!this.#all.take(nowMs)) return ignore('overload');

    const exchange = this.#open(packet, chaddr, clientKey, now);
    if (typeof exchange === 'string') return ignore(exchange);
    for (const subnet of exchange.subnets) subnet.advance(nowMs);
    this.#noteForeignLease(exchange);
    const foreign = this.#noteForeignServer(exchange);
    const decision = this.#report(exchange, this.#serve(exchange));
    if (decision.kind === 'reply') this.#remembered.note(exchange);
    const { conflicts } = exchange.identification;
    if (foreign === undefined && conflicts.length === 0) return decision;
    return {
      ...decision,
      events: [
        ...(foreign === undefined ? [] : [foreign]),
        ...conflictEvents(exchange.identification, exchange, this.#conflicts, nowMs),
        ...decision.events,
      ],
    };
  }

  /** The decision's changes are durable: its reply may be sent. */
  committed(decision: DhcpDecision, now: Moment): void {
    const changes = changesOf(decision);
    if (changes.length > 0) this.#book.committed(changes, now);
  }

  /**
   * The decision's changes could not be stored. `drop`: the changes are undone, and the reply must not be sent. `send`:
   * the client only renews a lease that is stored, and may be answered; after a restart its lease ends earlier than it
   * was told, but the address is remembered as its own.
   */
  commitFailed(decision: DhcpDecision, now: Moment): 'send' | 'drop' {
    if (decision.kind === 'ignore') return 'drop';
    if (decision.kind === 'accept') {
      // A release or a decline is not answered, so keeping it in memory until the next start breaks no promise.
      this.#book.commitFailed(decision.changes, true, now);
      return 'drop';
    }
    this.#book.commitFailed(decision.changes, decision.renewal, now);
    return decision.renewal || decision.changes.length === 0 ? 'send' : 'drop';
  }

  /**
   * Records that the host with MAC address `holder` answered for an address that was about to be offered. The address
   * is withheld for ten minutes; a reserved one is given to its machine once that host is gone. Undefined if no subnet
   * has the address.
   */
  markInUse(address: Ipv4Address, holder: string, now: Moment): DhcpAccept | undefined {
    const subnet = this.#book.subnetOf(address);
    const offset = subnet?.offsetOf(address);
    if (subnet === undefined || offset === undefined) return undefined;
    subnet.advance(now.monotonicMs);
    const owner = this.#surroundings.reservations.findReserved(address);
    if (owner !== undefined) return this.#markReservationUsed(subnet, offset, owner, holder, now);
    const event: DhcpEvent = {
      kind: 'dhcp.decline',
      address,
      summary: `${address} is in use by a host that has no lease; it is not given out for 10 minutes`,
      detail: { subnet: subnet.compiled.subnet.id },
    };
    return {
      kind: 'accept',
      notice: 'conflict',
      changes: this.#book.hold(subnet, offset, '', now),
      events: [event],
    };
  }

  /**
   * Ends a lease on behalf of an operator: the address is free for others at once. Undefined if the address is not
   * leased. A running client keeps using the address until it tries to renew, so end only leases of clients that are
   * gone.
   */
  endLease(address: Ipv4Address, now: Moment): DhcpAccept | undefined {
    const subnet = this.#book.subnetOf(address);
    const offset = subnet?.offsetOf(address);
    if (subnet === undefined || offset === undefined) return undefined;
    subnet.advance(now.monotonicMs);
    const binding = subnet.bindingAt(offset);
    if (binding?.active !== true) return undefined;
    const mac = parseMac(binding.lease.chaddr);
    return {
      kind: 'accept',
      notice: 'release',
      changes: this.#book.end(subnet, binding, now),
      events: [
        {
          kind: 'dhcp.release',
          address,
          ...(mac !== undefined && { mac }),
          summary: `an operator ended the lease of ${address}`,
          detail: { subnet: subnet.compiled.subnet.id, state: binding.lease.state },
        },
      ],
    };
  }

  /** A reserved address that a host uses stays reserved: its machine gets it once that host is gone. */
  #markReservationUsed(
    subnet: SubnetLeases,
    offset: number,
    owner: Machine,
    holder: string,
    now: Moment,
  ): DhcpAccept {
    const address = subnet.addressAt(offset);
    this.#surroundings.inUse.noteUser(address, holder, now.monotonicMs);
    const offer = subnet.offerAt(offset);
    if (offer !== undefined) subnet.dropOffer(offer);
    const mac = parseMac(holder);
    const user = mac && this.#surroundings.reservations.identify({ mac }).machine;
    const who =
      user === undefined
        ? `${holder}, which is in no machine record`
        : user.id === owner.id
          ? `${holder}, another card of that machine`
          : `${holder} of machine ${user.id}`;
    return {
      kind: 'accept',
      notice: 'conflict',
      changes: [],
      events: [
        {
          kind: 'dhcp.reservation_held',
          address,
          machineId: owner.id,
          summary: `${address} is reserved for machine ${owner.id} and is in use by ${who}: the machine gets it once that host is gone`,
          detail: { subnet: subnet.compiled.subnet.id, holder, by: 'use' },
        },
      ],
    };
  }

  /** The known state of an address; undefined if it was never leased. */
  findLease(address: Ipv4Address, now: Moment): Lease | undefined {
    return this.#book.find(address, now);
  }

  /** The client of an address that another server leases, if the client told us. */
  findForeignMac(address: Ipv4Address): MacAddress | undefined {
    return this.#foreignLeases.find(address);
  }

  /**
   * What DHCP knows about the client with this card, as labels, for selecting its group when it sends an HTTP request
   * from `address`.
   */
  findLabels(mac: MacAddress, address: Ipv4Address | undefined, now: Moment): Labels {
    return this.#remembered.find(mac, address, now);
  }

  listLeases(now: Moment): Iterable<Lease> {
    return this.#book.list(now);
  }

  usage(now: Moment): SubnetUsage[] {
    return this.#book.usage(now);
  }

  /** Other DHCP servers that clients named within the last day. */
  foreignServers(now: Moment): ForeignServer[] {
    return this.#foreign.list(now);
  }

  /** Finds out who sends a request, and from where; or why it is to be ignored. */
  #open(packet: DhcpPacket, chaddr: string, clientKey: string, now: Moment): Exchange | IgnoreReason {
    const { message, ingress, source } = packet;
    const location = this.#selector.locate(packet);
    if (location.kind === 'unlocated') return location.reason;
    let { subnets } = location;
    const type = messageTypeOf(message);
    if (ingress.port === 4011) {
      // The sender has an address. It must be on a served network, or a forged source would make us send replies to
      // others.
      const own = message.giaddr === UNSPECIFIED_ADDRESS ? this.#book.subnetOf(source.address) : subnets[0];
      if (own === undefined) return 'no_subnet';
      subnets = [own];
    } else if (isSpoofed(packet, type) || !this.#mayComeFrom(packet, type)) {
      return 'spoofed_source';
    }
    const client = classifyClient(message);
    const mac = message.htype === 1 ? (chaddr as MacAddress) : undefined;
    const claims = claimsOf(packet, client, mac, location.relay);
    const identification = this.#surroundings.reservations.identify(claims);
    const match = matchOf(identification);
    const serverAddress = subnets[0].compiled.subnet.serverAddress ?? ingress.localAddress;
    const override = this.#policy.trustLinkSelection ? location.relay?.serverIdentifierOverride : undefined;
    return {
      packet,
      now,
      type,
      client,
      chaddr,
      ...(mac !== undefined && { mac }),
      clientKey,
      claims,
      identification,
      ...(match !== undefined && { match }),
      subnets,
      ...(this.#book.selectsByLabels && {
        labels: labelsOnce({ claims, client, identification, mac, message, subnets }),
      }),
      canProbe: this.#policy.conflictDetection !== 'off' && message.giaddr === UNSPECIFIED_ADDRESS,
      link: message.giaddr === UNSPECIFIED_ADDRESS ? ingress.interface : message.giaddr,
      ...(location.relay !== undefined && { relay: location.relay }),
      ...(location.subnetSelection !== undefined && { subnetSelection: location.subnetSelection }),
      serverAddress,
      serverIdentifier: override ?? serverAddress,
    };
  }

  /**
   * Whether the source address of a request on port 67 is acceptable: none yet, or one that may be answered and is on a
   * served network. A client that asks for an address of another network has moved here, and gets a DHCPNAK.
   */
  #mayComeFrom({ message, source }: DhcpPacket, type: number | undefined): boolean {
    if (message.giaddr !== UNSPECIFIED_ADDRESS || source.address === UNSPECIFIED_ADDRESS) return true;
    if (!isReturnAddress(source.address, this.#book)) return false;
    return type === MessageType.request || this.#book.subnetOf(source.address) !== undefined;
  }

  #serve(exchange: Exchange): DhcpDecision {
    const { packet, subnets } = exchange;
    const { subnet } = subnets[0].compiled;
    if (this.#policy.neverAnswer.has(exchange.chaddr)) return ignore('never_answered');
    if (subnet.mode === 'off') return ignore('not_served');
    if (subnet.allowUnknown === 'ignore' && !this.#isKnown(exchange)) return ignore('denied');
    if (packet.ingress.port === 4011) return decideBootServerReply(exchange, this.#surroundings);

    switch (this.#modeOf(exchange)) {
      case 'none':
        return ignore('not_served');
      case 'proxy':
        return serveProxyClient(exchange, this.#surroundings);
      case 'full': {
        const sole = !subnet.requireSoleServer || !this.#foreign.any(subnet.id, exchange.now);
        if (!sole && !this.#isKnown(exchange) && !holdsLease(exchange)) return ignore('foreign_server');
        return serveMessage(exchange, this.#surroundings);
      }
    }
  }

  /** Whether the machine has a record; until the records are read, whether it had a lease. */
  #isKnown(exchange: Exchange): boolean {
    if (exchange.match !== undefined) return true;
    return !this.#surroundings.reservations.ready && isKnownByLease(exchange);
  }

  #modeOf(exchange: Exchange): ServingMode {
    const { client, now, subnets } = exchange;
    const { subnet } = subnets[0].compiled;
    if (subnet.mode !== 'auto') return decideMode(subnet);
    return this.#pins.pin(exchange, () =>
      decideMode(subnet, {
        reserved: hasReservation(exchange),
        leased: this.#surroundings.reservations.ready ? holdsLease(exchange) : isKnownByLease(exchange),
        foreignServer: this.#foreign.any(subnet.id, now),
        bootClient: client.kind !== undefined,
      }),
    );
  }

  /**
   * Records the address that a client accepts from another server, or already has when it sends a request to port 4011.
   */
  #noteForeignLease(exchange: Exchange): void {
    const { mac, packet, subnets, type } = exchange;
    const { message, ingress, source } = packet;
    if (mac === undefined || type !== MessageType.request) return;
    let address: Ipv4Address | undefined;
    if (ingress.port === 4011) {
      if (message.ciaddr === source.address) address = message.ciaddr;
    } else {
      if (this.#foreignIdentifier(exchange) === undefined) return;
      address = readAddress(message.options, OptionCode.requestedAddress);
    }
    const subnet = address === undefined ? undefined : this.#book.subnetOf(address);
    if (address !== undefined && subnet !== undefined && subnets.includes(subnet)) {
      this.#foreignLeases.note(address, mac);
    }
  }

  /** A client that accepts another server's offer broadcasts that. */
  #noteForeignServer(exchange: Exchange): DhcpEvent | undefined {
    const { now, packet, subnets, type } = exchange;
    if (type !== MessageType.request || packet.ingress.port !== 67) return undefined;
    const identifier = this.#foreignIdentifier(exchange);
    if (identifier === undefined) return undefined;
    const { subnet } = subnets[0].compiled;
    const isNews = this.#foreign.note(subnet.id, identifier, now);
    // In proxy mode another server is expected.
    if (!isNews || subnet.mode === 'proxy') return undefined;
    const summary = `another DHCP server, ${identifier}, answers on subnet ${subnet.id}`;
    return exchangeEvent(exchange, 'dhcp.foreign_server', summary, { server: identifier });
  }

  /** Option 54 if it names another server. An address that no server can have is ignored. */
  #foreignIdentifier(exchange: Exchange): Ipv4Address | undefined {
    const identifier = readAddress(exchange.packet.message.options, OptionCode.serverIdentifier);
    if (identifier === undefined || !isReturnAddress(identifier, this.#book)) return undefined;
    return isOurIdentifier(identifier, exchange, this.#surroundings) ? undefined : identifier;
  }

  #allowFresh({ link, now }: AddressSeeker, subnet: SubnetLeases): boolean {
    return !subnet.underPressure || this.#pressed.take(link, now.monotonicMs);
  }

  /** Records that a client got no answer, and limits how often, since clients repeat their requests. */
  #report(exchange: Exchange, decision: DhcpDecision): DhcpDecision {
    if (decision.kind !== 'ignore' || !REPORTED.has(decision.reason)) return decision;
    if (!this.#reports.take(`${exchange.chaddr} ${decision.reason}`, exchange.now.monotonicMs)) {
      return { ...decision, events: [] };
    }
    if (decision.events.length > 0) return decision;
    const summary = `no answer: ${decision.reason.replaceAll('_', ' ')}`;
    return {
      ...decision,
      events: [exchangeEvent(exchange, 'dhcp.ignored', summary, { reason: decision.reason })],
    };
  }
}

/** The labels by which pools select a client, computed when they are first needed. */
function labelsOnce({
  claims,
  client,
  identification,
  mac,
  message: { options },
  subnets: [{ compiled }],
}: Pick<Exchange, 'claims' | 'client' | 'identification' | 'subnets'> & {
  readonly mac: MacAddress | undefined;
  readonly message: DhcpMessage;
}): () => Labels {
  let labels: Labels | undefined;
  const { subnet } = compiled;
  const query = { claims, client, identification, options, subnet, ...(mac !== undefined && { mac }) };
  return () => (labels ??= labelsFor(dhcpLabels(query, ALL_DHCP_LABELS), identification));
}

function holdsLease({ clientKey, subnets }: Exchange): boolean {
  return subnets.some((subnet) => subnet.bindingOf(clientKey)?.active === true);
}

/**
 * Whether a request has a `ciaddr` that differs from its source address: a client that has an address sends from it.
 * Old busybox clients rebind from 0.0.0.0; the answer is then a broadcast, so that no other host receives it as its
 * own.
 */
function isSpoofed({ message, source }: DhcpPacket, type: number | undefined): boolean {
  if (message.ciaddr === UNSPECIFIED_ADDRESS || message.giaddr !== UNSPECIFIED_ADDRESS) return false;
  if (message.ciaddr === source.address) return false;
  if (type === MessageType.release) return true;
  if (source.address === UNSPECIFIED_ADDRESS) return false;
  if (type === MessageType.request) return !message.options.has(OptionCode.serverIdentifier);
  return type === MessageType.inform;
}

/** The identifying values of a packet. */
function claimsOf(
  { message }: DhcpPacket,
  client: BootClient,
  mac: MacAddress | undefined,
  relay: RelayAgentInformation | undefined,
): IdentityClaims {
  const clientId = message.options.get(OptionCode.clientIdentifier);
  return {
    ...(mac !== undefined && { mac }),
    ...(clientId !== undefined && clientId.length > 0 && { clientId: describeClientId(clientId) }),
    ...(client.uuid !== undefined && { uuid: client.uuid }),
    ...(relay?.circuitId !== undefined && { circuitId: hexFromBytes(relay.circuitId) }),
    ...(relay?.remoteId !== undefined && { remoteId: hexFromBytes(relay.remoteId) }),
  };
}
