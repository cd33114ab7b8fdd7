import type { Logger } from 'pino';
import type { InterfaceWatcher } from '../../host/interface-watcher.ts';
import { KernelNeighbours } from '../../host/neighbours.ts';
import type { BootEventSink } from '../../provision/history/boot-event.ts';
import type { DhcpEngine } from '../../provision/dhcp/dhcp-engine.ts';
import type { LeaseListener } from '../../provision/dhcp/leases/lease-event.ts';
import type { Ipv4Address } from '../../protocol/ipv4-address.ts';
import type { Moment } from '../../provision/dhcp/moment.ts';
import type { LeaseStore } from '../../store/lease-store.ts';
import type { Counters } from '../../limits/counters.ts';
import { AddressProbe } from './address-probe.ts';
import { DhcpServer, type EndedLease } from './dhcp-server.ts';
import { DhcpSockets, type DhcpSocketSettings } from './dhcp-sockets.ts';
import { LeaseWriter } from './lease-writer.ts';

/** What a DHCP service depends on. */
export interface DhcpServiceParts {
  /** Empty; the service loads the leases into it. */
  readonly engine: DhcpEngine;
  readonly store: LeaseStore;
  readonly events: BootEventSink;
  readonly counters: Counters;
  readonly log: Logger;
  /** The current time on both clocks. */
  readonly now: () => Moment;
  /** Lists the interfaces, and notifies of changes. */
  readonly watcher: InterfaceWatcher;
  readonly sockets: DhcpSocketSettings;
  /** Called with changes of leases, once they are durable. */
  readonly leases?: LeaseListener;
  /** Called when a reply was sent; see DhcpServerParts. */
  readonly onReply?: (ms: number) => void;
}

/** How often leases are checked for expiry, in milliseconds. */
const ADVANCE_MS = 1_000;

/** DHCP, proxyDHCP and the PXE boot server on port 4011, listening. */
export interface DhcpService {
  /**
   * Ends the lease or offer of an address at once, as a DHCPRELEASE would. Its client is not notified, and may still
   * use it.
   */
  endLease(address: Ipv4Address): Promise<EndedLease>;
  /** Interfaces that are not served yet, and why, each in a sentence. */
  readonly waiting: () => readonly string[];
  /** Stops listening, and resolves when all decided changes are stored. */
  close(): Promise<void>;
}

/** Loads the leases and starts to listen. Rejects with an Error that names the port or interface, and the cause. */
export async function startDhcp(parts: DhcpServiceParts): Promise<DhcpService> {
  const { counters, engine, events, log, now, store } = parts;
  engine.load(await store.loadLeases(), now());

  const writer = new LeaseWriter(store, engine, now, counters, log, parts.leases);
  const probe = new AddressProbe(new KernelNeighbours());
  const server: DhcpServer = new DhcpServer({
    engine,
    writer,
    events,
    counters,
    log,
    now,
    probe,
    onReply: parts.onReply,
    send: (bytes, destination) => sockets.send(bytes, destination),
  });
  const sockets = new DhcpSockets(parts.sockets, parts.watcher, server, log);
  await sockets.open();
  const timer = setInterval(() => engine.advance(now()), ADVANCE_MS);
  return {
    endLease: (address) => server.endLease(address),
    waiting: () => sockets.waiting,
    async close() {
      clearInterval(timer);
      sockets.stopReceiving();
      await writer.idle();
      sockets.close();
      server.close();
    },
  };
}
