import { hexFromBytes } from '../../../protocol/dhcp/read-option.ts';
import { readRelayAgentInformation } from '../../../protocol/dhcp/relay-agent-information.ts';
import type { Ipv4Address } from '../../../protocol/ipv4-address.ts';
import type { MacAddress } from '../../../protocol/mac-address.ts';
import { RecentMap } from '../../../limits/recent-map.ts';
import { DHCP_LABELS, type Labels } from '../../selection/labels.ts';
import { isBooting } from '../client/boot-client.ts';
import { addClientLabels, type ClientFacts } from '../client/client-labels.ts';
import { readHostName } from '../client/host-name.ts';
import type { LeaseBook } from '../leases/lease-book.ts';
import type { Lease } from '../leases/lease.ts';
import type { Moment } from '../moment.ts';
import type { Exchange } from './exchange.ts';

/** How long a client is remembered after its last packet or look-up: longer than any step of a boot takes. */
const KEEP_MS = 3_600_000;
const CLIENTS_MAX = 50_000;

const NOT_BOOTING: ClientFacts['client'] = {
  kind: undefined,
  raspberryPi: false,
  uBoot: false,
  userClasses: [],
};
const ALL_LABELS: ReadonlySet<string> = new Set(DHCP_LABELS);

/**
 * Remembers what clients sent when they were answered, for their later HTTP requests: HTTP then selects the same group
 * for a machine as DHCP did. Kept only in memory; the network, the relay's identifiers and the host name are also in
 * the lease, and survive a restart.
 */
export class RememberedClients {
  readonly #book: LeaseBook;
  readonly #clients = new RecentMap<ClientFacts>(KEEP_MS, CLIENTS_MAX);

  constructor(book: LeaseBook) {
    this.#book = book;
  }

  /**
   * Remembers the sender of a request. What firmware and iPXE sent is kept when the system that they booted asks for an
   * address, since that system sends nothing about the firmware, and then requests its config.
   */
  note({ claims, client, mac, now, packet, subnets }: Exchange): void {
    if (mac === undefined) return;
    if (!isBooting(client) && client.vendorClass === undefined && client.userClasses.length === 0) return;
    const { options } = packet.message;
    const earlier = isBooting(client) ? undefined : this.#clients.get(mac, now.monotonicMs)?.client;
    this.#clients.set(
      mac,
      {
        client: earlier !== undefined && isBooting(earlier) ? earlier : client,
        hostName: readHostName(options),
        circuitId: claims.circuitId,
        remoteId: claims.remoteId,
        network: subnets[0].compiled.subnet.id,
      },
      now.monotonicMs,
    );
  }

  /**
   * The labels of the client with this card, whose HTTP request comes from `address`; none if nothing is known about
   * it.
   */
  find(mac: MacAddress, address: Ipv4Address | undefined, now: Moment): Labels {
    const labels = new Map<string, string>();
    const facts = this.#clients.get(mac, now.monotonicMs);
    const lease = address === undefined ? undefined : this.#book.find(address, now);
    const leased = lease?.state === 'bound' && lease.chaddr === mac ? factsOfLease(lease) : undefined;
    if (facts === undefined && leased === undefined) return labels;
    addClientLabels(labels, { client: NOT_BOOTING, ...facts, ...leased }, ALL_LABELS);
    return labels;
  }
}

function factsOfLease({ hostname, relayInfo, subnetId }: Lease): Omit<ClientFacts, 'client'> {
  const relay =
    relayInfo === undefined ? undefined : readRelayAgentInformation(Buffer.from(relayInfo, 'hex'));
  return {
    network: subnetId,
    ...(hostname !== undefined && { hostName: hostname }),
    ...(relay?.circuitId !== undefined && { circuitId: hexFromBytes(relay.circuitId) }),
    ...(relay?.remoteId !== undefined && { remoteId: hexFromBytes(relay.remoteId) }),
  };
}
